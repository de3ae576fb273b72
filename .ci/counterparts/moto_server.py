"""moto's S3 server, and boto3 to look at what lies there."""

import urllib.error
import urllib.request

import boto3
from botocore.config import Config

from child import Child, environment, free_address

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrEXAMPLEKEY", "AWS_REGION": REGION}


class S3(Child):
    def __init__(self, bin_folder, folder):
        address = free_address()
        self.endpoint = f"http://{address}"
        arguments = [bin_folder / "moto_server", "--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
        super().__init__(arguments, folder / "moto.log", cwd=folder, env=environment())
        self.wait_until(self.is_ready)

    def is_ready(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.endpoint + "/moto-api/data.json", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False

    def client(self):
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )

    def bucket(self, name, versions=False):
        """Makes a bucket."""
        client = self.client()
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if versions:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return client
