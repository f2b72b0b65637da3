"""Users in words."""

from typing import Final

from projections.words.kernel import CHANGED, Both, Words, both

WORDS: Final = Words(
    noun=Both("user", "用户"),
    purpose_zh="供同事使用 Kept，并证明各项操作由谁作出。",
    events={
        "UserChanged": CHANGED,
        **both(
            UserInvited=("invited the user", "邀请了用户"),
            UserActivated=("activated the user", "启用了用户"),
            UserDeactivated=("deactivated the user", "停用了用户"),
            UserReactivated=("reactivated the user", "重新启用了用户"),
        ),
    },
    labels=both(
        name=("name", "姓名"),
        email=("e-mail address", "邮箱"),
        manager_id=("manager", "上级"),
        roles=("roles", "角色"),
        locale=("number and date format", "区域格式"),
        language=("language", "语言"),
        time_zone=("time zone", "时区"),
        status=("status", "状态"),
    ),
    values={
        "status": both(
            invited=("invited", "已邀请"),
            active=("active", "启用"),
            deactivated=("deactivated", "停用"),
        ),
        "roles": both(
            admin=("administrator", "管理员"),
            sales=("sales", "销售"),
            service=("service", "客服"),
            marketing=("marketing", "市场"),
            auditor=("auditor", "审计"),
            analyst=("analyst", "分析"),
        ),
    },
)
