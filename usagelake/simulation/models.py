"""Who calls which model: the profiles of the tenants whose calls become billing events."""

from __future__ import annotations

from dataclasses import dataclass

from usagelake.simulation.draws import zipf_weights
from usagelake.simulation.subjects import tenant_id

_CATALOGUE = (
    ("internal", "embedding", "nvidia", "nvidia/nv-embedqa-e5-v5"),
    ("external", "embedding", "openai", "text-embedding-3-small"),
    ("external", "embedding", "cohere", "embed-multilingual-v3.0"),
    ("internal", "reranking", "nvidia", "nvidia/llama-3.2-nv-rerankqa-1b-v2"),
    ("external", "embedding", "voyageAI", "voyage-3"),
    ("external", "embedding", "openai", "text-embedding-3-large"),
    ("external", "reranking", "jinaAI", "jina-reranker-v2-base-multilingual"),
)
_REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "us-east-1", "UNKNOWN_REGION")
_SHARES = (6, 3, 1)
_FIRST_GENERATION_ONE_IN = 3
_EXTRA_MEMBER_ONE_IN = 7
_NO_MODEL_ONE_IN = 11
_ALL_MEMBERS_ONE_IN = 4


@dataclass(frozen=True, slots=True)
class Profile:
    """One tenant's calls of one model.

    Args:
        tenant: The tenant's index.
        family: The start of its event types, for example `external_embedding`.
        tail: What stands in its lines after the quantity.
        weight: Its share of the calls.
    """

    tenant: int
    family: str
    tail: str
    weight: int

    @property
    def side(self) -> str:
        """`internal` or `external`: the first half of its meters' names."""
        return self.family.partition("_")[0]


def profiles(tenants: int) -> list[Profile]:
    """Return the profiles of the first `tenants` tenants: up to three models each, heavy-tailed."""
    return [
        _profile(tenant, rank, weight * share)
        for tenant, weight in enumerate(zipf_weights(tenants))
        for rank, share in enumerate(_SHARES[: 1 + tenant % len(_SHARES)])
    ]


def _profile(tenant: int, rank: int, weight: int) -> Profile:
    number = 3 * tenant + rank
    side, kind, provider, model = _CATALOGUE[(tenant + 2 * rank) % len(_CATALOGUE)]
    family = f"{side}_{'model' if tenant % _FIRST_GENERATION_ONE_IN == 0 else kind}"
    named = "" if number % _NO_MODEL_ONE_IN == _NO_MODEL_ONE_IN - 1 else f',"model":"{model}"'
    full = tenant % _ALL_MEMBERS_ONE_IN == _ALL_MEMBERS_ONE_IN - 1
    kept = '"resource_type":"serverless_database",' if full else ""
    typed = f',"model_type":"{kind}"' if full else ""
    extra = ',"emitter":"data-api"' if number % _EXTRA_MEMBER_ONE_IN == _EXTRA_MEMBER_ONE_IN - 1 else ""
    tail = (
        f'"region":"{_REGIONS[tenant % len(_REGIONS)]}",{kept}"resource_id":"{tenant_id(tenant)}",'
        f'"provider":"{provider}"{named}{typed}}}{extra}}}'
    )
    return Profile(tenant, family, tail, weight)
