"""awswrangler, as notebooks use it: `redshift.unload_to_files` and reads by its connection."""

import io

import awswrangler
import boto3
import pyarrow.parquet
import pytest

from moto_server import KEYS, REGION
from test_redshift_connector import connect

ROLE = "arn:aws:iam::123456789012:role/unload"


@pytest.fixture
def session():
    return boto3.Session(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], region_name=REGION)


@pytest.mark.parametrize("form", ["CSV", "PARQUET"])
def test_unload_to_files(redshift, session, monkeypatch, form):
    folder = f"wrangler-{form.lower()}"
    with connect(redshift, monkeypatch) as connection:
        awswrangler.redshift.unload_to_files(
            sql="SELECT n, square FROM numbers WHERE n <= 3 ORDER BY n",
            path=f"s3://lake/{folder}/",
            con=connection,
            iam_role=ROLE,
            region=REGION,
            unload_format=form,
            parallel=False,
            boto3_session=session,
        )
    (content,) = redshift.written(f"{folder}/").values()
    if form == "CSV":
        assert content == b"1,1\n2,4\n3,9\n"
    else:
        assert pyarrow.parquet.read_table(io.BytesIO(content)).to_pydict() == {"n": [1, 2, 3], "square": [1, 4, 9]}


def test_a_query_as_a_data_frame(redshift, monkeypatch):
    with connect(redshift, monkeypatch) as connection:
        frame = awswrangler.redshift.read_sql_query("SELECT n, square FROM numbers WHERE n <= 3 ORDER BY n", con=connection)
    assert frame["square"].tolist() == [1, 4, 9]
