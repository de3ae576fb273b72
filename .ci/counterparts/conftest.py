"""What the tests share: the program, a folder, the tables, the emulator in the clear and encrypted, moto's S3 server."""

import pathlib
import sys

import pytest

import emulator
import moto_server
import table
import tls
from child import outflow


# What is asserted there is told as fully as in the tests.
pytest.register_assert_rewrite("stored")


def pytest_addoption(parser):
    parser.addoption("--outflow", help="the program; without it, that of the dev profile, which is built")


@pytest.fixture(scope="session")
def program(request):
    return outflow(request.config.getoption("--outflow"))


@pytest.fixture(scope="session")
def bin_folder():
    """Where programs lie that came with Python packages."""
    return pathlib.Path(sys.executable).parent


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder of tables and the rows of the first of them: `awkward` has every type with every value that is hard to write down,
    `numbers` 5,000 rows of a number and its square."""
    folder = tmp_path_factory.mktemp("tables")
    awkward = table.write(folder)
    table.write_numbers(folder, 5_000)
    return folder, awkward


@pytest.fixture(scope="session")
def tables(made):
    return made[0]


@pytest.fixture(scope="session")
def awkward(made):
    """The rows of `awkward`, in the order of their ids."""
    return made[1]


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return tls.Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def clear(program, tables, tmp_path_factory):
    """An emulator that asks for no password and has no certificate."""
    with emulator.Emulator(program, tmp_path_factory.mktemp("clear"), tables) as running:
        yield running


@pytest.fixture(scope="session")
def encrypted(program, tables, authority, tmp_path_factory):
    """An emulator with a certificate, that asks for a password."""
    with emulator.Emulator(program, tmp_path_factory.mktemp("encrypted"), tables, authority) as running:
        yield running


@pytest.fixture(scope="session")
def slow(program, tables, tmp_path_factory):
    """An emulator whose queries of tables take ten minutes, unless somebody stops them."""
    with emulator.Emulator(program, tmp_path_factory.mktemp("slow"), tables, None, "--fault", "slow=600") as running:
        yield running


@pytest.fixture(scope="session", params=["clear", "encrypted"])
def redshift(request):
    """Both, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def s3(bin_folder, tmp_path_factory):
    with moto_server.S3(bin_folder, tmp_path_factory.mktemp("moto")) as running:
        yield running
