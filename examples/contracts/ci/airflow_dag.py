"""An Airflow task that stops the run where today's data break the contract."""

from __future__ import annotations

from datetime import datetime

from airflow.decorators import dag, task
from airflow.exceptions import AirflowFailException

DATA, CONTRACT = "/data/photos", "/repo/contract"


@task
def keep_contract(data: str, contract: str) -> int:
    from datacheck_expectations import check

    result = check(data, contract, run_dir="/data/.datacheck/photos")
    if result.exit_code():
        raise AirflowFailException(result.render())
    return len(result.outcomes)


@task
def train(n_terms: int) -> None:
    print(f"training on data that keeps {n_terms} terms")


@dag(schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False)
def nightly_training() -> None:
    train(keep_contract(DATA, CONTRACT))


nightly_training()
