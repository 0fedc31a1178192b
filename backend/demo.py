"""A small shop to try things with: an admin, two customers with credit, a few products."""

from dataclasses import dataclass

from pymongo import UpdateOne
from pymongo.database import Database

from backend.db import Document
from backend.errors import Conflict
from backend.user_service import User, UserService
from backend.wallet_service import Movement, WalletService

PRODUCTS = [
    {"_id": "TEA-100", "name": "Assam tea, 100 g", "price": 14_900, "currency": "INR"},
    {"_id": "MUG-01", "name": "Stoneware mug", "price": 30_000, "currency": "INR"},
    {"_id": "KETTLE-1", "name": "Copper kettle", "price": 189_950, "currency": "INR"},
    {"_id": "SPICE-5", "name": "Chai spices, 50 g", "price": 9_925, "currency": "INR"},
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How to get in as one of the demo's people."""

    name: str
    email: str
    password: str
    phone: str | None = None
    credit_minor: int = 0


ADMIN = Login(name="Shop Admin", email="admin@batua.example", password="admin-demo-pass")  # noqa: S106
CUSTOMERS = [
    Login(
        name="Ravi",
        email="ravi@batua.example",
        password="ravi-demo-pass",  # noqa: S106
        phone="+91 98765 43210",
        credit_minor=50_000,
    ),
    Login(
        name="Meera",
        email="meera@batua.example",
        password="meera-demo-pass",  # noqa: S106
        phone="+91 98765 43211",
        credit_minor=9_950,
    ),
]


def seed(database: Database[Document], users: UserService, wallets: WalletService) -> None:
    """Put the demo in place; safe to repeat, and never touches what a user did since."""
    database["products"].bulk_write(
        [UpdateOne({"_id": product["_id"]}, {"$setOnInsert": product}, upsert=True) for product in PRODUCTS]
    )
    if users.find_by_email(ADMIN.email) is None:
        users.make_admin(ADMIN.email, password=ADMIN.password, name=ADMIN.name)
    for login in CUSTOMERS:
        user = _ensure(users, login)
        welcome = Movement(
            key=f"demo:welcome:{user.id}", account="promotions", reason="Welcome credit", source="promo"
        )
        wallets.add_credits(user.id, login.credit_minor, welcome)


def _ensure(users: UserService, login: Login) -> User:
    try:
        return users.sign_up(name=login.name, email=login.email, password=login.password, phone=login.phone)
    except Conflict:
        found = users.find_by_email(login.email)
        if found is None:
            raise
        return found
