use std::sync::Arc;

use async_trait::async_trait;
use outflow_core::address::PublicUrl;
use outflow_core::bus::{EventBus, Message};

use super::*;

#[derive(Debug)]
struct NoBus;

#[async_trait]
impl EventBus for NoBus {
    async fn publish(&self, messages: &[Message]) -> Vec<outflow_core::Result<()>> {
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn check(&self) -> outflow_core::Result<()> {
        Ok(())
    }
}

fn settings() -> ServerSettings {
    ServerSettings::new(PublicUrl::parse("https://Outflow.example.com/base").unwrap(), Arc::new(NoBus))
}

fn ask(settings: &ServerSettings, sent: &[(&'static str, &str)]) -> u16 {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(*name, value.parse().unwrap());
    }
    verdict(settings, &Uri::from_static("/api/unload"), &headers)
        .map_or_else(|refusal| refusal.into_response().status().as_u16(), |()| 200)
}

#[test]
fn only_this_services_own_names_are_answered() {
    for host in [
        "localhost",
        "localhost:8080",
        "LOCALHOST.",
        "app.localhost:1",
        "127.0.0.1:8080",
        "127.1.2.3",
        "[::1]:8080",
        "outflow.example.com",
    ] {
        assert_eq!(ask(&settings(), &[("host", host)]), 200, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "[::2]",
        "0.0.0.0",
        "",
    ] {
        assert_eq!(ask(&settings(), &[("host", host)]), 421, "{host}");
    }
    assert_eq!(ask(&settings(), &[]), 421, "a request without a host");
    assert_eq!(ask(&settings(), &[("host", "localhost"), ("host", "evil.example")]), 421, "two hosts");
}

#[test]
fn a_page_of_another_site_is_refused() {
    let from = |origin| ask(&settings(), &[("host", "localhost"), ("origin", origin)]);
    for origin in ["http://localhost:8080", "http://127.0.0.1", "https://outflow.example.com"] {
        assert_eq!(from(origin), 200, "{origin}");
    }
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", "file://", "not an origin"] {
        assert_eq!(from(origin), 403, "{origin}");
    }
}

#[test]
fn more_hosts_can_be_named_or_the_check_left_to_others() {
    let named = ServerSettings { hosts: Hosts::Own(vec!["Proxy.internal".into()]), ..settings() };
    assert_eq!(ask(&named, &[("host", "proxy.internal:80")]), 200);
    assert_eq!(ask(&named, &[("host", "evil.example")]), 421);
    let any = ServerSettings { hosts: Hosts::Any, ..settings() };
    assert_eq!(ask(&any, &[("host", "evil.example"), ("origin", "https://evil.example")]), 200);
}
