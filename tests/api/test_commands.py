from tests.api.conftest import Api

def test_smoke(api: Api) -> None:
    r = api.customer(emails=["a@example.com"])
    print(r)
    a = api.sales.get(f"/v1/customers/{r['stream']}", headers={"Kept-Min-Position": str(r["position"])})
    print(a.status_code, a.headers, a.json())
    a = api.sales.get("/v1/customers?sort=name&count=exact")
    print(a.status_code, a.text[:500])
    a = api.sales.get("/v1/events?limit=2")
    print(a.status_code, a.text[:1500])
    a = api.sales.get("/v1/history?limit=2")
    print(a.status_code, a.text[:1500])
    a = api.sales.get("/openapi.json")
    print(a.status_code, len(a.text), a.elapsed)
    a = api.sales.get("/health/ready"); print(a.text)
    a = api.sales.get("/v1/nothing"); print(a.text)
    a = api.sales.put("/v1/customers"); print(a.text, a.headers)
    a = api.sales.post("/v1/customers", json={"name": 1, "x": 3}); print(a.text)
