"""`koogate simulate`: serve the open APIs, or do to an address what KooGallery does."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from handlers.clock import utc_now
from handlers.simulator.app import create_simulator
from handlers.simulator.catalogue import ChargingMode, PeriodType, Terms
from handlers.simulator.codes import DONE
from handlers.simulator.driving import Target, drive, on_instance, show_access
from handlers.simulator.marketplace import Marketplace, Scene

app = typer.Typer(name="simulate", help="Play KooGallery 模拟云商店.", no_args_is_help=True)

Address = Annotated[
    str, typer.Option(help="Production address 生产地址, e.g. http://127.0.0.1:8080/produce/demo")
]
Key = Annotated[
    str, typer.Option(envvar="KOOGATE_SIMULATOR_KEY", help="Key of the basic interfaces 访问密钥")
]
StateFile = Annotated[Path, typer.Option("--state", help="The simulator's own database file")]
InstanceId = Annotated[str | None, typer.Option("--instance", help="Default: the last purchase")]
Attempts = Annotated[int, typer.Option(min=1, help="How often a failed call is delivered")]
PeriodTypeOption = Annotated[PeriodType, typer.Option("--period", help="What is sold for")]
PeriodNumber = Annotated[int, typer.Option("--number", min=1, help="How many periods")]
LinearValue = Annotated[int | None, typer.Option(min=1, help="New quantity; default: ten more")]

_STATE = Path("koogallery-simulator.db")


@app.command()
def serve(
    *,
    access_key_id: Annotated[str, typer.Option(envvar="KOOGATE_SIMULATOR_ACCESS_KEY_ID")],
    secret_access_key: Annotated[str, typer.Option(envvar="KOOGATE_SIMULATOR_SECRET_ACCESS_KEY")],
    host: str = "127.0.0.1",
    port: int = 8090,
    state: StateFile = _STATE,
) -> None:
    """Serve KooGallery's open APIs (openapi/koogallery.yaml); only this AK/SK may call them."""
    simulator = create_simulator(
        state, access_key_id=access_key_id, secret_access_key=secret_access_key, now=utc_now
    )
    uvicorn.run(simulator, host=host, port=port, log_level="warning")


@app.command()
def purchase(
    *,
    address: Address,
    key: Key,
    state: StateFile = _STATE,
    charging_mode: ChargingMode = "PERIOD",
    period: PeriodTypeOption = "month",
    number: PeriodNumber = 1,
    linear_value: Annotated[int, typer.Option(min=1, help="Quantity")] = 10,
    trial: Annotated[bool, typer.Option("--trial", help="Order a free trial 试用")] = False,
    deliveries: Annotated[int, typer.Option(min=1, help="How often newInstance arrives in all")] = 1,
    parallel: Annotated[bool, typer.Option("--parallel", help="Repeats all at once")] = False,
    attempts: Attempts = 3,
) -> None:
    """Buy: newInstance, then queryInstance until the access data is there."""
    terms = Terms(
        charging_mode=charging_mode,
        period_type=period,
        period_number=number,
        linear_value=linear_value,
        trial=trial,
    )

    def buy(marketplace: Marketplace) -> bool:
        bought = marketplace.purchase(terms)
        if bought.completed and deliveries > 1:
            marketplace.redeliver(bought.order, deliveries - 1, parallel=parallel)
        show_access(bought.access)
        return bought.completed

    drive("purchase 购买", Target(address, key, state, attempts), buy)


@app.command()
def renew(
    *,
    address: Address,
    key: Key,
    state: StateFile = _STATE,
    instance: InstanceId = None,
    scene: Scene = "RENEWAL",
    period: PeriodTypeOption = "month",
    number: PeriodNumber = 1,
    attempts: Attempts = 3,
) -> None:
    """Renew, convert a trial, take a renewal back, or renew with a change (refreshInstance)."""
    on_instance(
        "renew 续费",
        Target(address, key, state, attempts),
        instance,
        lambda shop, it: shop.renew(it, scene=scene, period_type=period, period_number=number),
    )


@app.command()
def freeze(
    *,
    address: Address,
    key: Key,
    state: StateFile = _STATE,
    instance: InstanceId = None,
    attempts: Attempts = 3,
) -> None:
    """Freeze (updateInstanceStatus FREEZE)."""
    on_instance("freeze 冻结", Target(address, key, state, attempts), instance, Marketplace.freeze)


@app.command()
def unfreeze(
    *,
    address: Address,
    key: Key,
    state: StateFile = _STATE,
    instance: InstanceId = None,
    attempts: Attempts = 3,
) -> None:
    """Unfreeze (updateInstanceStatus UNFREEZE)."""
    on_instance("unfreeze 解冻", Target(address, key, state, attempts), instance, Marketplace.unfreeze)


@app.command()
def upgrade(
    *,
    address: Address,
    key: Key,
    state: StateFile = _STATE,
    instance: InstanceId = None,
    linear_value: LinearValue = None,
    attempts: Attempts = 3,
) -> None:
    """Upgrade to the larger edition (upgradeInstance, repeated until the outcome)."""
    on_instance(
        "upgrade 升级",
        Target(address, key, state, attempts),
        instance,
        lambda shop, it: shop.upgrade(it, linear_value=linear_value),
    )


@app.command()
def release(
    *,
    address: Address,
    key: Key,
    state: StateFile = _STATE,
    instance: InstanceId = None,
    expired: Annotated[bool, typer.Option("--expired", help="No unsubscription order")] = False,
    attempts: Attempts = 3,
) -> None:
    """Release (releaseInstance): unsubscribed, or expired."""
    on_instance(
        "release 释放",
        Target(address, key, state, attempts),
        instance,
        lambda shop, it: shop.release(it, unsubscribe=not expired),
    )


@app.command()
def query(*, address: Address, key: Key, state: StateFile = _STATE, instance: InstanceId = None) -> None:
    """Ask for the access data (queryInstance)."""
    on_instance("query 查询", Target(address, key, state), instance, Marketplace.query)


@app.command()
def check(
    *,
    address: Address,
    key: Key,
    state: StateFile = _STATE,
    instance: InstanceId = None,
    linear_value: LinearValue = None,
) -> None:
    """Ask whether a change at renewal is possible (changeInstanceCheck)."""
    on_instance(
        "check 续费变更校验",
        Target(address, key, state),
        instance,
        lambda shop, it: shop.check_change(it, linear_value=linear_value),
    )


@app.command()
def probe(*, address: Address, key: Key, state: StateFile = _STATE) -> None:
    """Replay a debug call of each activity, as KooGallery does twice a day (拨测)."""
    drive(
        "probe 拨测",
        Target(address, key, state),
        lambda shop: all(reply.code == DONE for reply in shop.probe()),
    )
