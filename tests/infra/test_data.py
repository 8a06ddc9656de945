"""Buckets, catalogue and tables: kept, closed, and as the domain has them."""

from __future__ import annotations

import re

import pytest

from infra.config import ENVIRONMENTS
from infra.settings import Environment
from tests.infra.assembly import Assembly, Resource
from tests.infra.environments import DIRECT, FULL
from usagelake.domain.environment import LakePlaces, database_of
from usagelake.domain.landing import ACCESS_LOG_FOLDER, is_landing_object
from usagelake.domain.schema import TABLES

EVERY = (*ENVIRONMENTS, FULL, DIRECT)
each_environment = pytest.mark.parametrize("environment", EVERY, ids=lambda environment: environment.name)

STORED = {
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
}


def buckets(assembly: Assembly, environment: Environment) -> dict[str, Resource]:
    return {
        each.properties["BucketName"]: each
        for each in assembly.resources("AWS::S3::Bucket", f"usage-{environment.name}-")
    }


@each_environment
def test_there_are_four_buckets_with_the_configured_names(assembly: Assembly, environment: Environment) -> None:
    assert buckets(assembly, environment).keys() == {
        environment.landing_bucket,
        environment.lake_bucket,
        environment.results_bucket,
        environment.access_logs_bucket,
    }


@each_environment
def test_every_bucket_is_private_encrypted_versioned_and_owned(assembly: Assembly, environment: Environment) -> None:
    for name, bucket in buckets(assembly, environment).items():
        own = bucket.properties
        assert set(own["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert len(own["PublicAccessBlockConfiguration"]) == 4
        assert own["VersioningConfiguration"] == {"Status": "Enabled"}, name
        assert own["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}], name
        (rule,) = own["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        keyed = environment.customer_key and name != environment.access_logs_bucket  # S3's log delivery has no key
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == ("aws:kms" if keyed else "AES256"), name
        assert rule.get("BucketKeyEnabled", False) is keyed, name


@each_environment
def test_every_bucket_refuses_plain_and_old_connections(assembly: Assembly, environment: Environment) -> None:
    for name in buckets(assembly, environment):
        (policy,) = [each for each in assembly.resources("AWS::S3::BucketPolicy") if each.properties["Bucket"] == name]
        denied = [each for each in policy.properties["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
        arn = f"arn:aws:s3:::{name}"
        assert [(each["Action"], each["Condition"], each["Resource"]) for each in denied] == [
            ("s3:*", {"Bool": {"aws:SecureTransport": "false"}}, [arn, f"{arn}/*"]),
            ("s3:*", {"NumericLessThan": {"s3:TlsVersion": 1.2}}, [arn, f"{arn}/*"]),
        ]


@each_environment
def test_every_bucket_but_the_log_s_own_is_logged(assembly: Assembly, environment: Environment) -> None:
    for name, bucket in buckets(assembly, environment).items():
        logged = bucket.properties.get("LoggingConfiguration")
        if name == environment.access_logs_bucket:
            assert logged is None
        else:
            assert logged == {"DestinationBucketName": environment.access_logs_bucket, "LogFilePrefix": f"{name}/"}


@each_environment
def test_raw_lines_are_kept_by_prefix_for_as_long_as_configured(assembly: Assembly, environment: Environment) -> None:
    kept = environment.retention
    rules = {
        rule["Id"]: rule
        for rule in buckets(assembly, environment)[environment.landing_bucket].properties["LifecycleConfiguration"][
            "Rules"
        ]
    }
    assert rules.keys() == {"leftovers", "errors", *environment.landing_prefixes}
    for prefix in environment.landing_prefixes:
        assert (rules[prefix]["Prefix"], rules[prefix]["ExpirationInDays"]) == (f"{prefix}/", kept.landing)
        moves = [(each["StorageClass"], each["TransitionInDays"]) for each in rules[prefix].get("Transitions", [])]
        assert moves == ([] if kept.archive_after is None else [("GLACIER_IR", kept.archive_after)])
    assert (rules["errors"]["Prefix"], rules["errors"]["ExpirationInDays"]) == ("_errors/", kept.errors)
    assert "Prefix" not in rules["leftovers"]
    assert "ExpirationInDays" not in rules["leftovers"]
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}


@each_environment
def test_the_lake_expires_what_a_run_works_with_alone_and_results_do(
    assembly: Assembly, environment: Environment
) -> None:
    """Tables, prices and drafts stay; a killed run's leftovers go, and their former versions a day later."""
    found = buckets(assembly, environment)
    lake = found[environment.lake_bucket].properties["LifecycleConfiguration"]["Rules"]
    assert [(rule.get("Prefix"), rule.get("ExpirationInDays")) for rule in lake] == [(None, None), ("work/", 2)]
    assert lake[1]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert environment.places.work == f"s3://{environment.lake_bucket}/work"
    results = found[environment.results_bucket].properties["LifecycleConfiguration"]["Rules"]
    assert [rule.get("ExpirationInDays") for rule in results] == [None, environment.retention.results]


@each_environment
def test_the_landing_is_locked_where_configured(assembly: Assembly, environment: Environment) -> None:
    own = buckets(assembly, environment)[environment.landing_bucket].properties
    days = environment.object_lock_days
    assert own.get("ObjectLockEnabled", False) is (days is not None)
    if days is not None:
        assert own["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Days": days, "Mode": "GOVERNANCE"}


def test_data_stays_when_a_stack_goes_unless_two_switches_say_otherwise(assembly: Assembly) -> None:
    """`direct` is unprotected and named by destroy-data; `dev` is unprotected only, the others are neither."""
    for environment in EVERY:
        stack = f"usage-{environment.name}-"
        kept = [each for each in assembly.resources(stack=stack) if each.type in STORED]
        kept += [each for each in assembly.resources("AWS::Glue::Table", stack) if "Name" in each.properties]
        kept += [
            each
            for each in assembly.resources("AWS::Logs::LogGroup", stack)
            if each.properties.get("LogGroupName") == f"/usage/{environment.name}/access-log"
        ]
        assert len(kept) >= 4 + len(TABLES)
        wanted = "Delete" if environment is DIRECT else "Retain"
        for resource in kept:
            assert resource.body["DeletionPolicy"] == wanted, resource.logical_id
            assert resource.body["UpdateReplacePolicy"] == wanted, resource.logical_id


def test_nothing_empties_a_bucket(assembly: Assembly) -> None:
    assert not [each for each in assembly.resources() if each.type == "Custom::S3AutoDeleteObjects"]


@each_environment
def test_the_key_rotates(assembly: Assembly, environment: Environment) -> None:
    keys = list(assembly.resources("AWS::KMS::Key", f"usage-{environment.name}-"))
    assert len(keys) == int(environment.customer_key)
    assert all(key.properties["EnableKeyRotation"] for key in keys)


@each_environment
def test_the_database_says_where_everything_is(assembly: Assembly, environment: Environment) -> None:
    """What the command line and the functions read comes to the same places, and to the buckets that there are."""
    database = assembly.one("AWS::Glue::Database", f"usage-{environment.name}-data").properties["DatabaseInput"]
    read = LakePlaces.from_parameters(database["Name"], database["LocationUri"], database["Parameters"])
    assert read == environment.places
    assert read.database == database_of(environment.name)
    assert read.tables == f"s3://{environment.lake_bucket}/tables"
    assert read.landing == f"s3://{environment.landing_bucket}"
    assert read.prefixes == environment.landing_prefixes
    assert read.drafts == f"s3://{environment.lake_bucket}/drafts"
    assert read.pricing == (environment.pricing_location or f"s3://{environment.lake_bucket}/pricing")
    group = assembly.one("AWS::Athena::WorkGroup", f"usage-{environment.name}-analytics", Name=read.workgroup)
    assert group.properties["Name"] == f"usage-{environment.name}-pipeline"


@each_environment
def test_the_outputs_say_where_to_put_prices_and_find_drafts(assembly: Assembly, environment: Environment) -> None:
    outputs = assembly.templates[f"usage-{environment.name}-data"]["Outputs"]
    told = {name: outputs[name]["Value"] for name in ("PricingUrl", "DraftsUrl")}
    assert told == {"PricingUrl": f"{environment.places.pricing}/", "DraftsUrl": f"{environment.places.drafts}/"}


def tables(assembly: Assembly, environment: Environment) -> list[Resource]:
    return list(assembly.resources("AWS::Glue::Table", f"usage-{environment.name}-data"))


@each_environment
def test_every_table_is_in_the_environment_s_database(assembly: Assembly, environment: Environment) -> None:
    database = assembly.one("AWS::Glue::Database", f"usage-{environment.name}-data")
    assert database.properties["DatabaseInput"]["Name"] == f"usage_{environment.name}"
    for table in tables(assembly, environment):
        assert table.body["Properties"]["DatabaseName"] == {"Ref": database.logical_id}


@each_environment
def test_each_prefix_has_a_table_of_one_column_with_hours_projected(
    assembly: Assembly, environment: Environment
) -> None:
    landing = {
        each.properties["TableInput"]["Name"]: each.properties["TableInput"]
        for each in tables(assembly, environment)
        if "TableInput" in each.properties
    }
    assert landing.keys() == {f"landing_{prefix.replace('-', '_')}" for prefix in environment.landing_prefixes}
    for prefix in environment.landing_prefixes:
        table = landing[f"landing_{prefix.replace('-', '_')}"]
        location = f"s3://{environment.landing_bucket}/{prefix}/"
        assert table["TableType"] == "EXTERNAL_TABLE"
        assert table["PartitionKeys"] == [{"Name": "dt_hour", "Type": "string"}]
        assert [(each["Name"], each["Type"]) for each in table["StorageDescriptor"]["Columns"]] == [("line", "string")]
        assert table["StorageDescriptor"]["Location"] == location
        assert table["StorageDescriptor"]["SerdeInfo"] == {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
        }
        assert table["StorageDescriptor"]["InputFormat"] == "org.apache.hadoop.mapred.TextInputFormat"
        assert table["Parameters"] == {
            "EXTERNAL": "TRUE",
            "projection.enabled": "true",
            "projection.dt_hour.type": "date",
            "projection.dt_hour.format": "yyyy/MM/dd/HH",
            "projection.dt_hour.range": f"{environment.first_hour},NOW+1HOURS",
            "projection.dt_hour.interval": "1",
            "projection.dt_hour.interval.unit": "HOURS",
            "storage.location.template": location + "${dt_hour}/",
        }


@each_environment
def test_each_table_of_the_domain_is_an_iceberg_table_with_its_columns(
    assembly: Assembly, environment: Environment
) -> None:
    spelled = {"string": "varchar", "long": "bigint", "int": "integer"}
    found = {each.properties["Name"]: each for each in tables(assembly, environment) if "Name" in each.properties}
    assert found.keys() == TABLES.keys()
    for name, table in TABLES.items():
        own = found[name].properties["OpenTableFormatInput"]["IcebergInput"]
        assert (own["MetadataOperation"], own["Version"]) == ("CREATE", "2")
        made = own["IcebergTableInput"]
        assert made["Location"] == f"s3://{environment.lake_bucket}/tables/{name}"
        fields = made["Schema"]["Fields"]
        assert [(each["Name"], spelled.get(each["Type"], each["Type"])) for each in fields] == [
            (column.name, str(column.type)) for column in table.columns
        ]
        assert [each["Id"] for each in fields] == list(range(1, len(fields) + 1))
        assert [each["Doc"] for each in fields] == [column.doc for column in table.columns]
        assert "PartitionSpec" not in made, "a batch may hold more days than a statement may write partitions"


def test_readers_of_the_landing_skip_what_firehose_could_not_deliver() -> None:
    assert not is_landing_object("_errors/apigw_access/decompression-failed/2026/11/21/10/x.jsonl")
    assert is_landing_object(f"{ACCESS_LOG_FOLDER}/2026/11/21/10/31/x.jsonl")


@each_environment
def test_protected_stacks_cannot_be_deleted(assembly: Assembly, environment: Environment) -> None:
    """Termination protection is the command's to set: it stands in the manifest, not in the template."""
    manifest = (assembly.folder / "manifest.json").read_text()
    found = re.findall(
        rf'"usage-{environment.name}-[a-z-]+": \{{\s*"type": "aws:cloudformation:stack".*?\n    \}}',
        manifest,
        re.DOTALL,
    )
    assert len(found) >= 5
    for stack in found:
        assert ('"terminationProtection": true' in stack) is environment.protected
