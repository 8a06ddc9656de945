"""One page on which a delivery is seen whole: what came, what was logged, what landed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.alarm import metric
from infra.constructs.delivery_alarms import lines_in, records_out, requests
from infra.constructs.job_alarms import of_function, told
from infra.constructs.shipper_alarms import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.constructs.delivery_alarms import DeliveryPlaces
    from infra.constructs.job_alarms import JobPlaces
    from infra.watch_settings import Watch

_WIDE = 24
_HALF = 12


class Dashboard(Construct):
    """The dashboard of one environment.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: Its name.
        places: The delivery.
        jobs: The jobs; None: there are none.
        watch: Which shippers are watched.
        alarms: The alarms, whose states it begins with.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        places: DeliveryPlaces,
        jobs: JobPlaces | None,
        watch: Watch,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, construct_id)
        period = cdk.Duration.minutes(5)
        stream = {"DeliveryStreamName": places.stream}
        rows: list[list[cloudwatch.IWidget]] = [
            [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=[*alarms], width=_WIDE)],
            [
                _graph(
                    "Requests, lines, records that landed",
                    [
                        *(requests(api, period) for api in places.apis),
                        lines_in(places, period),
                        records_out(places, period),
                    ],
                ),
                _graph(
                    "Age of what waits in Firehose (s)",
                    [metric("AWS/Firehose", "DeliveryToS3.DataFreshness", stream, statistic="Maximum")],
                ),
            ],
        ]
        if jobs is not None:
            rows.append(_of_jobs(jobs))
        for service in watch.shippers:
            own = {watch.shipper_dimension: service}
            rows.append(
                [
                    _graph(f"{service}: events", [metric(NAMESPACE, each, own) for each in ("offered", "delivered")]),
                    _graph(
                        f"{service}: lost or waiting",
                        [metric(NAMESPACE, each, own) for each in ("dropped", "failed", "spooled")],
                    ),
                ]
            )
        cloudwatch.Dashboard(self, "Dashboard", dashboard_name=name, widgets=rows)


def _of_jobs(jobs: JobPlaces) -> list[cloudwatch.IWidget]:
    taken = [told(jobs, jobs.ingest, each) for each in ("ObjectsTaken", "ObjectsWaiting", "LinesQuarantined")]
    durations = [of_function(each, "Duration", statistic="Maximum") for each in (jobs.ingest, jobs.drafts)]
    return [
        _graph("Objects taken in, and lines that were not", taken),
        _graph("How long the jobs take (ms)", durations),
    ]


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=[*metrics], width=_HALF)
