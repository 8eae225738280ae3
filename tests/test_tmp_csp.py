"""Open the admin in Chromium and print every console message and CSP violation."""
import pytest, re
from playwright.sync_api import sync_playwright
from django.test import Client
from tests.cast import make_cast
import os
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]="1"

@pytest.fixture
def nothing(): pass

def test_csp(live_server, transactional_db, settings):
    cast=make_cast()
    n=cast.northgate
    def cookie(user):
        c=Client(HTTP_HOST="x"); c.force_login(user,"django.contrib.auth.backends.ModelBackend"); return c.cookies["sessionid"].value
    port=live_server.url.rsplit(":",1)[1]
    problems=[]
    with sync_playwright() as p:
        b=p.chromium.launch(executable_path="/usr/bin/chromium",args=["--no-sandbox","--host-resolver-rules=MAP *.localhost 127.0.0.1"])
        for who,host,site in ((n.admin.user,"northgate.localhost","admin"),(cast.staff,"localhost","platform")):
            for scheme in ("light","dark"):
                for w in (1280,) if scheme=="dark" or site=="platform" else (1280,390):
                    if (site,scheme)==("platform","dark"): continue
                    ctx=b.new_context(viewport={"width":w,"height":900},color_scheme=scheme)
                    ctx.set_default_timeout(8000); ctx.add_cookies([{"name":"sessionid","value":cookie(who),"domain":host,"path":"/"}])
                    page=ctx.new_page()
                    page.on("console",lambda m: problems.append((page.url,m.type,m.text)))
                    page.on("pageerror",lambda e: problems.append((page.url,"pageerror",str(e))))
                    page.on("response",lambda r: r.status>=400 and problems.append((page.url,r.status,r.url)))
                    base=f"http://{host}:{port}/{site}/"
                    def shot(name): page.screenshot(path=f"/tmp/shots/{site}-{name}-{scheme}-{w}.png",full_page=False)
                    paths={"index":"", "list":"equipment/equipment/","change":f"equipment/equipment/{n.washer.pk}/change/","history":f"equipment/equipment/{n.washer.pk}/history/","member":f"tenants/membership/{n.restricted.pk}/change/","delete":f"equipment/equipmenttype/{n.kind.pk}/delete/","domain":f"tenants/domain/{'add/' if site=='admin' else ''}","events":"audit/auditevent/","log":f"cleaning_logs/cleaninglog/{n.log.pk}/change/"}
                    for name,path in paths.items():
                        r=page.goto(base+path); assert r.status==200,(name,r.status)
                        if name=="change":
                            page.click(".field-facility .select2-selection"); page.wait_for_selector(".select2-results__option >> nth=0"); page.wait_for_timeout(700); shot("autocomplete")
                            page.keyboard.press("Escape")
                            page.fill("#id_maker","Acme"); page.click("input[name=_continue]"); page.wait_for_load_state()
                            page.goto(base+path)
                        if name=="list":
                            page.check("#action-toggle") if page.query_selector("#action-toggle") else None
                        if name=="member":
                            shot("member0"); a=page.query_selector(".add-row a:visible"); a.click() if a else problems.append((page.url,"no add row","")); page.wait_for_timeout(300)
                        shot(name)
                    if site=="platform":
                        from apps.tenants.models import Domain
                        from apps.tenants.scope import system
                        with system(n.organization): d=Domain.objects.get()
                        page.goto(base+f"tenants/domain/{d.pk}/change/")
                        page.click(".date-icon"); page.wait_for_timeout(300); shot("datepicker"); 
                        page.click(".calendarbox:visible .calendar-cancel a") if page.query_selector(".calendarbox .calendar-cancel a") else None
                        page.click(".clock-icon"); page.wait_for_timeout(300); shot("clock")
                    page.click("button.theme-toggle >> nth=0") if page.is_visible("button.theme-toggle >> nth=0") else None
                    ctx.close()
        b.close()
    for x in sorted(set(map(str,problems))): print("PROBLEM",x)
