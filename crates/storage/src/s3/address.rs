//! The plain address of an object: neither signed nor expiring.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in the path of an object: RFC 3986's unreserved characters, and the slash.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What the addresses of a bucket's objects begin with, with a slash at its end.
#[derive(Debug, Clone)]
pub(super) struct Address(String);

impl Address {
    /// Of a bucket in AWS, or at an endpoint.
    pub(super) fn new(bucket: &str, region: &str, endpoint: Option<&str>, path_style: bool) -> Self {
        let aws = || {
            let end = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://s3.{region}.{end}")
        };
        let endpoint = endpoint.map_or_else(aws, |endpoint| endpoint.trim_end_matches('/').to_owned());
        // A certificate for all buckets holds for no name with a dot in it.
        let in_path = path_style || (bucket.contains('.') && endpoint.starts_with("https:"));
        match endpoint.split_once("://") {
            Some((scheme, host)) if !in_path => Self(format!("{scheme}://{bucket}.{host}/")),
            _ => Self(format!("{endpoint}/{bucket}/")),
        }
    }

    /// Of an object.
    pub(super) fn of(&self, key: &str) -> String {
        format!("{}{}", self.0, utf8_percent_encode(key, ENCODED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_the_address_that_aws_gives_it() {
        let cases = [
            ("results", "ap-northeast-2", None, false, "https://results.s3.ap-northeast-2.amazonaws.com/a/b"),
            ("results", "cn-north-1", None, false, "https://results.s3.cn-north-1.amazonaws.com.cn/a/b"),
            ("my.results", "eu-west-1", None, false, "https://s3.eu-west-1.amazonaws.com/my.results/a/b"),
            ("results", "eu-west-1", None, true, "https://s3.eu-west-1.amazonaws.com/results/a/b"),
            ("results", "us-east-1", Some("http://127.0.0.1:9000/"), true, "http://127.0.0.1:9000/results/a/b"),
            ("results", "us-east-1", Some("https://s3.example.com"), false, "https://results.s3.example.com/a/b"),
        ];
        for (bucket, region, endpoint, path_style, expected) in cases {
            assert_eq!(Address::new(bucket, region, endpoint, path_style).of("a/b"), expected);
        }
    }

    #[test]
    fn what_a_path_cannot_hold_is_encoded() {
        let address = Address::new("results", "eu-west-1", None, false);
        assert_eq!(address.of("도시=서울/a b+c%.csv").rsplit('/').next(), Some("a%20b%2Bc%25.csv"));
    }
}
