"""A running `outflow emulate redshift`."""

import gzip

from child import Child, environment
from moto_server import KEYS

PASSWORD = "Correct-Horse-1"
USER = "awsuser"
DATABASE = "dev"


class Emulator(Child):
    """`port` speaks the wire protocol, `data_api` is the address of the Data API. UNLOAD writes to `s3`, or else to its one bucket, the
    folder `lake`."""

    def __init__(self, program, folder, tables, authority=None, *more, s3=None):
        self.folder, self.authority = folder, authority
        self.lake = folder / "buckets" / "lake"
        self.lake.mkdir(parents=True)
        self.password = PASSWORD if authority else None
        arguments = [program, "emulate", "redshift", "--pg", "127.0.0.1:0", "--data-api", "127.0.0.1:0", "--tables", tables]
        arguments += ["--s3-endpoint", s3.endpoint] if s3 else ["--files", folder / "buckets"]
        arguments += ["--database", DATABASE, "--user", USER, *more]
        if authority:
            (folder / "password").write_text(PASSWORD)
            arguments += ["--password-file", folder / "password", "--tls-cert", authority.certificate, "--tls-key", authority.key]
        super().__init__(arguments, folder / "emulator.log", cwd=folder, env=environment(**(KEYS if s3 else {})))
        said = self.wait_until(self.addresses)
        self.data_api = said["data-api"]
        self.port = int(said["pg"].rpartition(":")[2].partition("/")[0])

    def addresses(self):
        """What it tells when it listens."""
        lines = (line.split(" ", 1) for line in self.said().splitlines() if " " in line)
        said = {name: address for name, address in lines if name in ("data-api", "pg")}
        return said if len(said) == 2 else None

    def conninfo(self):
        """How clients of PostgreSQL's library connect."""
        settings = {"host": "localhost", "port": self.port, "user": USER, "dbname": DATABASE, "sslmode": "disable"}
        if self.authority:
            settings |= {"password": self.password, "sslmode": "verify-full", "sslrootcert": self.authority.root}
        return " ".join(f"{name}={value}" for name, value in settings.items())

    def written(self, prefix):
        """The names of the files below a prefix of its bucket, in order, with what is in them."""
        root = self.lake / prefix
        found = sorted(path for path in root.parent.glob(root.name + "*") if path.is_file())
        found += sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else []
        return {path.relative_to(self.lake).as_posix(): read(path) for path in found}


def read(path):
    """What is in a file, unpacked when it is packed."""
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def unload(query, prefix, options):
    """The statement that people write today."""
    inner = query.replace("'", "''")
    credentials = "aws_access_key_id=AKIAEXAMPLE;aws_secret_access_key=wJalrEXAMPLEKEY"
    return f"UNLOAD ('{inner}')\nTO 's3://lake/{prefix}'\nCREDENTIALS '{credentials}'\n{options}"
