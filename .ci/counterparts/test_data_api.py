"""boto3's `redshift-data`, as a Lambda or a notebook uses it: submits, waits, results, batches, lists, cancels, and what is forgotten."""

import decimal
import time
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import emulator
import table
from moto_server import KEYS, REGION

TARGET = {"WorkgroupName": "reports", "Database": "dev"}
ENDED = ("FINISHED", "FAILED", "ABORTED")


def client_of(address):
    return boto3.client(
        "redshift-data",
        endpoint_url=address,
        region_name=REGION,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="session")
def client(clear):
    return client_of(clear.data_api)


def ended(client, statement_id, statuses=ENDED):
    """Asks until it has ended, as people do without a waiter."""
    until = time.monotonic() + 60
    while True:
        described = client.describe_statement(Id=statement_id)
        if described["Status"] in statuses:
            return described
        assert time.monotonic() < until, described["Status"]


def run(client, sql, **more):
    """Runs a statement to its good end."""
    described = ended(client, client.execute_statement(Sql=sql, **TARGET, **more)["Id"])
    assert described["Status"] == "FINISHED", described.get("Error")
    return described


def value_of(field):
    """A field of a result as Python says it."""
    (name, value), *rest = field.items()
    assert rest == []
    return None if name == "isNull" else value


def test_a_result_in_pages(client):
    described = run(client, "SELECT n, square FROM numbers ORDER BY n")
    assert (described["HasResultSet"], described["ResultRows"]) == (True, 5000)
    pages = client.get_paginator("get_statement_result").paginate(Id=described["Id"])
    rows = [[value_of(field) for field in row] for page in pages for row in page["Records"]]
    assert rows == [[n, n * n] for n in range(1, 5001)]
    page = client.get_statement_result(Id=described["Id"])
    assert (page["TotalNumRows"], "NextToken" in page) == (5000, True)
    assert [(column["name"], column["typeName"]) for column in page["ColumnMetadata"]] == [("n", "int4"), ("square", "int8")]


def test_values_of_every_type(client, awkward):
    described = run(client, "SELECT * FROM awkward ORDER BY id")
    pages = client.get_paginator("get_statement_result").paginate(Id=described["Id"])
    found = [[value_of(field) for field in row] for page in pages for row in page["Records"]]
    kinds = [kind for kind, _ in table.COLUMNS.values()]
    assert len(found) == len(awkward)
    for got, wanted in zip(found, awkward):
        assert [table.settled(value, kind) for value, kind in zip(got, kinds)] == [table.settled(value, kind) for value, kind in zip(wanted, kinds)]


def test_a_result_as_csv(client):
    described = run(client, "SELECT n, square FROM numbers WHERE n <= 2 ORDER BY n", ResultFormat="CSV")
    result = client.get_statement_result_v2(Id=described["Id"])
    assert result["ResultFormat"] == "CSV"
    assert result["Records"][0]["CSVRecords"].split() == ["n,square", "1,1", "2,4"]


def test_parameters(client):
    parameters = [{"name": "least", "value": "4998"}, {"name": "word", "value": "it's"}]
    described = run(client, "SELECT n, :word AS word FROM numbers WHERE n > :least ORDER BY n", Parameters=parameters)
    records = client.get_statement_result(Id=described["Id"])["Records"]
    assert [[value_of(field) for field in row] for row in records] == [[4999, "it's"], [5000, "it's"]]
    assert described["QueryParameters"] == parameters


def test_the_same_token_is_the_same_statement(client):
    token = str(uuid.uuid4())
    first = client.execute_statement(Sql="SELECT 1", ClientToken=token, **TARGET)
    assert client.execute_statement(Sql="SELECT 1", ClientToken=token, **TARGET)["Id"] == first["Id"]
    with pytest.raises(ClientError) as told:
        client.execute_statement(Sql="SELECT 2", ClientToken=token, **TARGET)
    assert told.value.response["Error"]["Code"] == "ValidationException"
    assert client.execute_statement(Sql="SELECT 1", ClientToken=str(uuid.uuid4()), **TARGET)["Id"] != first["Id"]


def test_a_long_poll_answers_at_the_end(client):
    accepted = client.execute_statement(Sql="SELECT count(*) FROM numbers", WaitTimeSeconds=30, **TARGET)
    assert accepted["Status"] == "FINISHED"
    described = client.describe_statement(Id=accepted["Id"], WaitTimeSeconds=30)
    assert described["Status"] == "FINISHED" and described["Duration"] > 0 and described["RedshiftQueryId"] > 0


def test_a_failure_is_told(client):
    for sql, words in [("SELECT * FROM nowhere", 'relation "nowhere" does not exist'), ("SELEC 1", "syntax error"), ("SELECT 1 / 0", "division by zero")]:
        described = ended(client, client.execute_statement(Sql=sql, **TARGET)["Id"])
        assert described["Status"] == "FAILED" and words in described["Error"], described
        with pytest.raises(client.exceptions.ResourceNotFoundException, match="does not have result"):
            client.get_statement_result(Id=described["Id"])


def test_what_makes_no_sense_is_refused(client):
    for call, code in [
        (lambda: client.execute_statement(Sql="SELECT 1", Database="dev"), "ValidationException"),
        (lambda: client.execute_statement(Sql="SELECT 1", ClusterIdentifier="c", WorkgroupName="reports", Database="dev"), "ValidationException"),
        (lambda: client.execute_statement(Sql="SELECT '" + "x" * 102_400 + "'", **TARGET), "ValidationException"),
        (lambda: client.describe_statement(Id=str(uuid.uuid4())), "ResourceNotFoundException"),
    ]:
        with pytest.raises(ClientError) as told:
            call()
        assert told.value.response["Error"]["Code"] == code


def test_the_unload_that_people_write(client, clear):
    options = "DELIMITER ',' ADDQUOTES GZIP ALLOWOVERWRITE PARALLEL OFF"
    described = run(client, emulator.unload("SELECT n, square FROM numbers WHERE n <= 3 ORDER BY n", "data-api/output", options), StatementName="nightly-1")
    assert not described["HasResultSet"]
    assert "wJalrEXAMPLEKEY" not in str(described)
    assert clear.written("data-api/output") == {"data-api/output000.gz": b'"1","1"\n"2","4"\n"3","9"\n'}
    sql = "SELECT trim(file_name), line_count FROM sys_unload_detail WHERE query_id = :query"
    detail = run(client, sql, Parameters=[{"name": "query", "value": str(described["RedshiftQueryId"])}])
    records = client.get_statement_result(Id=detail["Id"])["Records"]
    assert [[value_of(field) for field in row] for row in records] == [["s3://lake/data-api/output000.gz", 3]]


def test_a_batch_has_one_session(client):
    statement = emulator.unload("SELECT n FROM numbers", "batch/output", "FORMAT CSV PARALLEL OFF ALLOWOVERWRITE")
    accepted = client.batch_execute_statement(Sqls=["SET query_group TO 'night'", statement, "SELECT pg_last_unload_count()"], **TARGET)
    described = ended(client, accepted["Id"])
    assert described["Status"] == "FINISHED", described
    parts = described["SubStatements"]
    assert [(part["Id"], part["Status"]) for part in parts] == [(f"{accepted['Id']}:{number}", "FINISHED") for number in (1, 2, 3)]
    assert value_of(client.get_statement_result(Id=parts[2]["Id"])["Records"][0][0]) == 5000


def test_a_batch_stops_at_its_first_failure(client):
    described = ended(client, client.batch_execute_statement(Sqls=["SELECT 1", "SELECT * FROM nowhere", "SELECT 2"], **TARGET)["Id"])
    assert described["Status"] == "FAILED"
    assert [part["Status"] for part in described["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]


def test_a_session_that_is_kept(client):
    first = client.execute_statement(Sql="SET query_group TO 'kept'", SessionKeepAliveSeconds=60, **TARGET)
    assert ended(client, first["Id"])["Status"] == "FINISHED"
    described = ended(client, client.execute_statement(Sql="SHOW query_group", SessionId=first["SessionId"])["Id"])
    assert value_of(client.get_statement_result(Id=described["Id"])["Records"][0][0]) == "kept"


def test_lists_are_by_the_beginning_of_a_name(client):
    name = f"list-{uuid.uuid4()}"
    ids = [run(client, "SELECT 1", StatementName=f"{name}-{number}")["Id"] for number in (1, 2)]
    pages = client.get_paginator("list_statements").paginate(StatementName=name, Status="ALL")
    listed = [statement["Id"] for page in pages for statement in page["Statements"]]
    assert sorted(listed) == sorted(ids)


def test_the_catalogue(client):
    assert client.list_databases(**TARGET)["Databases"] == ["dev"]
    assert "public" in client.list_schemas(**TARGET)["Schemas"]
    assert [found["name"] for found in client.list_tables(SchemaPattern="public", **TARGET)["Tables"]] == ["awkward", "numbers"]
    columns = client.describe_table(Schema="public", Table="numbers", **TARGET)["ColumnList"]
    assert [(column["name"], column["typeName"]) for column in columns] == [("n", "int4"), ("square", "int8")]


def test_a_cancel(slow):
    client = client_of(slow.data_api)
    accepted = client.execute_statement(Sql="SELECT count(*) FROM numbers WHERE n > 3", **TARGET)
    ended(client, accepted["Id"], ("STARTED",))
    assert client.cancel_statement(Id=accepted["Id"])["Status"] is True
    assert ended(client, accepted["Id"])["Status"] == "ABORTED"
    with pytest.raises(client.exceptions.ValidationException):
        client.cancel_statement(Id=accepted["Id"])


def test_what_is_old_is_forgotten(program, tables, tmp_path):
    with emulator.Emulator(program, tmp_path, tables, None, "--fault", "expire=1") as forgetful:
        client = client_of(forgetful.data_api)
        described = run(client, "SELECT 1")
        until = time.monotonic() + 60
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            while time.monotonic() < until:
                client.describe_statement(Id=described["Id"])


def test_numbers_are_exact(client):
    described = run(client, "SELECT CAST(12345678901234567890.0123456789 AS NUMERIC(38,10)), CAST(9007199254740993 AS BIGINT)")
    record = client.get_statement_result(Id=described["Id"])["Records"][0]
    assert [decimal.Decimal(value_of(field)) for field in record] == [decimal.Decimal("12345678901234567890.0123456789"), 9007199254740993]
