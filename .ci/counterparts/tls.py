"""A certificate that is made when it is needed, by an authority of its own: with openssl, as people make one."""

import subprocess


class Authority:
    """`root` is the certificate to trust; `certificate` and `key` are those of `localhost`."""

    def __init__(self, folder):
        self.root, root_key = folder / "root.pem", folder / "root.key"
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        request, extensions = folder / "server.csr", folder / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=counterparts", "-keyout", root_key, "-out", self.root)
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", self.key, "-out", request)
        signing = ("-CA", self.root, "-CAkey", root_key, "-CAcreateserial", "-days", "2", "-extfile", extensions)
        self.openssl("x509", "-req", "-in", request, *signing, "-out", self.certificate)

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
