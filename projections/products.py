"""The products with their price books."""

from domain.products import Product
from projections.kernel import Projection, RecordRow, Serve


class ProductRow(RecordRow, Product):
    """A product and its header."""


products = Projection(
    "products",
    version=1,
    row=ProductRow,
    serves=(
        Serve("number"),
        Serve("sku"),
        Serve("name"),
        Serve("name", ("category",)),
        Serve("name", ("status",)),
    ),
    search=("sku", "name"),
).follows(Product)
