"""Recipients over HTTP: from who they are to the notice that one of them is owed."""

from tests.api.conftest import Api

PRINTER = {
    "name": "Print & Post",
    "role": "controller",
    "country": "DE",
    "categories": ["contact"],
    "purposes": ["mailings"],
}


def test_from_a_recipient_to_its_notice(api: Api) -> None:
    admin, sales = api.client("admin"), api.sales
    assert sales.post("/v1/recipients", json=PRINTER).status_code == 403
    printer = admin.post("/v1/recipients", json=PRINTER).json()["stream"]
    ada = sales.post("/v1/contacts", json={"family_name": "Lovelace"}).json()["stream"]
    given = {"contact_ids": [ada], "categories": ["contact"], "purpose": "mailings"}
    wrong = sales.post(f"/v1/recipients/{printer}/disclosures", json={**given, "purpose": "gossip"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (409, "purpose")
    assert sales.post(f"/v1/recipients/{printer}/disclosures", json=given).status_code == 200
    asks = {"kind": "rectification", "contact_id": ada}
    request = (
        f"/v1/subject-requests/{admin.post('/v1/subject-requests', json=asks).json()['stream']}"
    )
    admin.post(f"{request}/identify", json={"identified_by": "document"})
    fulfilled = admin.post(f"{request}/fulfil", json={"concerned": ["contact"]}).json()
    upto = {"Kept-Min-Position": str(fulfilled["position"])}

    disclosed = admin.get(f"/v1/disclosures?subject_id={ada}", headers=upto).json()["data"]
    assert [(one["recipient_id"], one["kind"]) for one in disclosed] == [(printer, "contacts")]
    (owed,) = admin.get("/v1/notices?status=open&sort=due_on").json()["data"]
    assert (owed["recipient_id"], owed["categories"]) == (printer, ["contact"])
    assert admin.get(request).json()["notices_owed"] == [printer]
    told = {"recipient_id": printer, "outcome": "sent", "means": "email"}
    done = admin.post(f"{request}/notices", json=told).json()
    upto = {"Kept-Min-Position": str(done["position"])}
    assert admin.get("/v1/notices?status=open", headers=upto).json()["data"] == []
    again = admin.post(f"{request}/notices", json=told)
    assert again.json()["type"] == "urn:kept:problem:not-owed"
