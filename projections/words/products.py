"""Products in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("product", "产品"),
    purpose_zh="描述所售产品及其价格。",
    events={
        "ProductChanged": CHANGED,
        **both(
            ProductCreated=("created the product", "创建了产品"),
            ProductPriceSet=("set a list price", "设定了价目表价格"),
            ProductActivated=("put the product on offer", "上架了产品"),
            ProductDeactivated=("took the product off offer", "下架了产品"),
            ProductArchived=("archived the product", "归档了产品"),
            ProductRestored=("restored the product", "恢复了产品"),
        ),
    },
    labels=both(
        sku=("SKU", "产品编号"),
        name=("name", "名称"),
        category=("category", "分类"),
        unit=("unit", "单位"),
        tax_rate=("tax rate", "税率"),
        cost=("cost", "成本"),
        status=("status", "状态"),
        prices=("price book", "价目表"),
        valid_from=("valid from", "生效日期"),
        price=("price", "价格"),
    ),
    values={"status": both(active=("on offer", "上架"), inactive=("off offer", "下架"))},
)
