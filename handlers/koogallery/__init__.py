"""Our client of the marketplace's open APIs."""

from handlers.koogallery.client import KooGallery, KooGalleryUnavailable, OrderRefused
from handlers.koogallery.orders import BuyerInfo, OrderInfo, OrderLine, ProductInfo, read_order

__all__ = [
    "BuyerInfo",
    "KooGallery",
    "KooGalleryUnavailable",
    "OrderInfo",
    "OrderLine",
    "OrderRefused",
    "ProductInfo",
    "read_order",
]
