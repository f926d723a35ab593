"""Make the tables."""

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=63), nullable=False),
        sa.Column("interface", sa.String(length=16), nullable=False),
        sa.Column("activity", sa.String(length=32), nullable=True),
        sa.Column("nonce", sa.String(length=128), nullable=True),
        sa.Column("signature", sa.String(length=128), nullable=True),
        sa.Column("key_index", sa.Integer(), nullable=True),
        sa.Column("signature_form", sa.String(length=8), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("result_code", sa.String(length=6), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=True),
        sa.Column("instance_id", sa.String(length=64), nullable=True),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("duration_us", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address", "interface", "nonce", name="uq_calls_nonce"),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index("ix_calls_instance", ["instance_id"], unique=False)
        batch_op.create_index("ix_calls_order", ["order_id"], unique=False)
        batch_op.create_index("ix_calls_received", ["received_at"], unique=False)

    op.create_table(
        "executors",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "instances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=63), nullable=False),
        sa.Column("protocol", sa.String(length=4), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("order_line_id", sa.String(length=64), nullable=False),
        sa.Column("order_type", sa.String(), nullable=True),
        sa.Column("charging_mode", sa.String(), nullable=True),
        sa.Column("product_id", sa.String(), nullable=True),
        sa.Column("product_name", sa.String(), nullable=True),
        sa.Column("sku_code", sa.String(), nullable=True),
        sa.Column("linear_value", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("is_trial", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("is_frozen", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.String(length=64), nullable=True),
        sa.Column("failure_code", sa.String(length=6), nullable=True),
        sa.Column("failure_reason", sa.String(), nullable=True),
        sa.Column("access", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("expected_expires_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("activated_at", UtcDateTime(), nullable=True),
        sa.Column("frozen_at", UtcDateTime(), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address", "order_id", "order_line_id", name="uq_instances_order_line"),
        sa.UniqueConstraint("instance_id"),
    )
    with op.batch_alter_table("instances", schema=None) as batch_op:
        batch_op.create_index("ix_instances_address_state", ["address", "state"], unique=False)
        batch_op.create_index("ix_instances_customer", ["customer_id"], unique=False)
        batch_op.create_index(
            "uq_instances_pay_per_use",
            ["address", "order_id", "product_id"],
            unique=True,
            sqlite_where=sa.text("charging_mode = 'ON_DEMAND' AND state NOT IN ('merged', 'released')"),
            postgresql_where=sa.text("charging_mode = 'ON_DEMAND' AND state NOT IN ('merged', 'released')"),
        )

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "subject", name="uq_notices_subject"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=63), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("order_line_id", sa.String(length=64), nullable=False),
        sa.Column("info", sa.LargeBinary(), nullable=False),
        sa.Column("looked_up_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address", "order_id", "order_line_id", name="uq_orders_order_line"),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_ref", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("scene", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=True),
        sa.Column("order_line_id", sa.String(length=64), nullable=True),
        sa.Column("product_id", sa.String(length=64), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("result_code", sa.String(length=6), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_ref"],
            ["instances.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "instance_ref", "kind", "scene", "order_id", "order_line_id", name="uq_changes_order_line"
        ),
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.create_index("ix_changes_instance_state", ["instance_ref", "state"], unique=False)


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.drop_index("ix_changes_instance_state")

    op.drop_table("changes")
    op.drop_table("orders")
    op.drop_table("notices")
    with op.batch_alter_table("instances", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_instances_pay_per_use",
            sqlite_where=sa.text("charging_mode = 'ON_DEMAND' AND state NOT IN ('merged', 'released')"),
            postgresql_where=sa.text("charging_mode = 'ON_DEMAND' AND state NOT IN ('merged', 'released')"),
        )
        batch_op.drop_index("ix_instances_customer")
        batch_op.drop_index("ix_instances_address_state")

    op.drop_table("instances")
    op.drop_table("executors")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_index("ix_calls_received")
        batch_op.drop_index("ix_calls_order")
        batch_op.drop_index("ix_calls_instance")

    op.drop_table("calls")
