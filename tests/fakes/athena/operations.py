"""The calls of Athena's API, by their names."""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.fakes.athena.errors import ApiError, invalid
from tests.fakes.athena.executions import FINAL, Execution, Executions
from tests.fakes.athena.faults import Faults
from tests.fakes.athena.metadata import Metadata
from tests.fakes.athena.runner import Runner
from tests.fakes.athena.types import column_info
from tests.fakes.athena.warehouse import Warehouse
from tests.fakes.athena.workgroups import ENGINE, Workgroups

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.athena.catalog import Catalog
    from tests.fakes.athena.objects import Objects

MAX_TEXT = 262_144
MAX_PAGE = 1000


class Operations:
    """Athena.

    Args:
        catalog: Glue.
        objects: S3.
    """

    def __init__(self, catalog: Catalog, objects: Objects) -> None:
        self.faults = Faults()
        self.executions = Executions()
        self.workgroups = Workgroups()
        self._objects = objects
        self._warehouse = Warehouse(catalog)
        self._runner = Runner(catalog, objects, self._warehouse)
        self._calls: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "BatchGetQueryExecution": self._get_many,
            "ListQueryExecutions": self._list,
            "StopQueryExecution": self._stop,
            "GetQueryResults": self._results,
            "GetQueryRuntimeStatistics": self._runtime,
            "GetWorkGroup": self._workgroup,
            "CreateWorkGroup": self._create_workgroup,
            "DeleteWorkGroup": self._delete_workgroup,
            "ListWorkGroups": self._list_workgroups,
            **Metadata(catalog).calls,
        }

    def call(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry a call out.

        Raises:
            ApiError: It is refused.
        """
        if name not in self._calls:
            raise ApiError("UnknownOperationException", f"the local Athena knows no {name}")
        return self._calls[name](request)

    def reset(self) -> None:
        """Begin anew."""
        self.faults.clear()
        self.executions.reset()
        self.workgroups.reset()
        self._warehouse.reset()

    def journal(self) -> list[dict[str, Any]]:
        """Tell every execution so far, in order."""
        return [
            {
                "id": execution.id,
                "text": execution.text,
                "token": execution.token,
                "workgroup": execution.workgroup,
                "database": execution.database,
                "parameters": execution.parameters,
                "state": execution.state,
                "reason": execution.reason,
                "bytes": execution.bytes_scanned,
                "output": execution.location,
                "starts": execution.starts,
            }
            for execution in self.executions.all()
        ]

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        text = request.get("QueryString") or ""
        if not text.strip():
            raise invalid("Query string is empty")
        if len(text.encode()) > MAX_TEXT:
            raise invalid(
                "1 validation error detected: Value at 'queryString' failed to satisfy constraint: Member must have "
                f"length less than or equal to {MAX_TEXT}"
            )
        execution, new = self.executions.start(request, lambda found, token: self._taken_on(request, found, token))
        execution.starts += 1
        if new:
            fault = self.faults.of_statement(text)
            execution.hangs = fault is not None and fault.kind == "hang"
            execution.polls = fault.polls if fault is not None and fault.kind == "delay" else 0
            if not execution.hangs and not execution.polls:
                execution.gate.set()
            threading.Thread(target=self._runner.run, args=(execution, fault), daemon=True, name="athena").start()
        return {"QueryExecutionId": execution.id}

    def _taken_on(self, request: dict[str, Any], found: str, token: str) -> Execution:
        group = self.workgroups.get(request.get("WorkGroup") or "primary")
        output = self.workgroups.output_of(group, (request.get("ResultConfiguration") or {}).get("OutputLocation"))
        bucket = output.removeprefix("s3://").split("/")[0]
        if not self._objects.has_bucket(bucket):
            raise invalid(f"Unable to verify/create output bucket {bucket}")
        now = datetime.now(UTC)
        return Execution(found, request, token, group.name, output, group.cutoff, group.enforced, now)

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"QueryExecution": _told(self.executions.get(request["QueryExecutionId"]))}

    def _get_many(self, request: dict[str, Any]) -> dict[str, Any]:
        found, missing = [], []
        for execution_id in request["QueryExecutionIds"]:
            try:
                found.append(_told(self.executions.get(execution_id)))
            except ApiError as error:
                missing.append({"QueryExecutionId": execution_id, "ErrorMessage": error.message})
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def _list(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"QueryExecutionIds": [execution.id for execution in reversed(self.executions.all())][:50]}

    def _stop(self, request: dict[str, Any]) -> dict[str, Any]:
        self.executions.get(request["QueryExecutionId"]).stop()
        return {}

    def _results(self, request: dict[str, Any]) -> dict[str, Any]:
        execution = self.executions.get(request["QueryExecutionId"])
        if execution.state not in FINAL:
            raise invalid(f"Query has not yet finished. Current state: {execution.state}")
        if execution.state != "SUCCEEDED":
            raise invalid(f"Query did not finish successfully. Final query state: {execution.state}")
        size = request.get("MaxResults") or MAX_PAGE
        if not 1 <= size <= MAX_PAGE:
            raise invalid(f"MaxResults is more than maximum allowed length {MAX_PAGE}.")
        start, page = self._page(execution, request.get("NextToken"))
        result = execution.result
        header: list[list[str | None]] = [[name for name, _ in result.columns]] if result.header else []
        rows = result.rows[max(start - len(header), 0) : start + size - len(header)]
        if start == 0:
            rows = [*header, *rows]
        told: dict[str, Any] = {
            "ResultSet": {
                "Rows": [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows],
                "ResultSetMetadata": {"ColumnInfo": [column_info(name, kind) for name, kind in result.columns]},
            },
            "UpdateCount": result.update_count or 0,
        }
        if start + size < len(result.rows) + len(header):
            told["NextToken"] = _token({"id": execution.id, "start": start + size, "page": page + 1})
        return told

    def _page(self, execution: Execution, token: str | None) -> tuple[int, int]:
        if token is None:
            return 0, 0
        try:
            told = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            raise invalid("Invalid NextToken") from None
        if told["id"] != execution.id:
            raise invalid("Invalid NextToken")
        if self.faults.of_page(told["page"]) is not None:
            raise invalid("The NextToken has expired", "INVALID_NEXT_TOKEN")
        return told["start"], told["page"]

    def _runtime(self, request: dict[str, Any]) -> dict[str, Any]:
        execution = self.executions.get(request["QueryExecutionId"])
        rows = {"InputBytes": execution.bytes_scanned, "OutputRows": len(execution.result.rows)}
        return {
            "QueryRuntimeStatistics": {"Timeline": {"TotalExecutionTimeInMillis": _millis(execution)}, "Rows": rows}
        }

    def _workgroup(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"WorkGroup": self.workgroups.get(request["WorkGroup"]).told()}

    def _create_workgroup(self, request: dict[str, Any]) -> dict[str, Any]:
        self.workgroups.create(request)
        return {}

    def _delete_workgroup(self, request: dict[str, Any]) -> dict[str, Any]:
        self.workgroups.delete(request["WorkGroup"])
        return {}

    def _list_workgroups(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"WorkGroups": [{"Name": group.name, "State": "ENABLED"} for group in self.workgroups.all()]}


def _told(execution: Execution) -> dict[str, Any]:
    """Write an execution as GetQueryExecution does."""
    state = execution.seen()
    status: dict[str, Any] = {"State": state, "SubmissionDateTime": execution.submitted.timestamp()}
    statistics: dict[str, Any] = {"TotalExecutionTimeInMillis": _millis(execution), "QueryQueueTimeInMillis": 1}
    if state in FINAL:
        assert execution.completed is not None
        status["CompletionDateTime"] = execution.completed.timestamp()
        if execution.reason:
            status["StateChangeReason"] = execution.reason
        if execution.error is not None:
            status["AthenaError"] = execution.error
        statistics["DataScannedInBytes"] = execution.bytes_scanned
        statistics["EngineExecutionTimeInMillis"] = _millis(execution)
        if execution.manifest is not None:
            statistics["DataManifestLocation"] = execution.manifest
    told = {
        "QueryExecutionId": execution.id,
        "Query": execution.text,
        "StatementType": execution.statement_type,
        "ResultConfiguration": {
            "OutputLocation": execution.location or f"{execution.output.rstrip('/')}/{execution.id}"
        },
        "QueryExecutionContext": execution.request.get("QueryExecutionContext") or {},
        "Status": status,
        "Statistics": statistics,
        "WorkGroup": execution.workgroup,
        "EngineVersion": ENGINE,
        "SubstatementType": execution.substatement,
    }
    if execution.parameters:
        told["ExecutionParameters"] = execution.parameters
    return told


def _millis(execution: Execution) -> int:
    end = execution.completed or datetime.now(UTC)
    return int((end - execution.submitted).total_seconds() * 1000)


def _token(told: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()
