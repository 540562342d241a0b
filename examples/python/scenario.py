"""What examples/curl/scenario.sh does, with a client that openapi-generator generated."""

import os
from types import SimpleNamespace

import tarikh


def show(*events):
    for e in events:
        d = e.date
        days = ["null" if day is None else day for day in (d.earliest, d.start_latest, d.end_earliest, d.latest)]
        print("event", " | ".join([e.id, d.edtf, *days, d.label.en, d.label.ar, e.title["ar"]]))


def lists(events):
    page = events.list_events(
        country=["ML", "النيجر"], _from="2020", to="2023",
        type=[tarikh.EventType.POLITICS, tarikh.EventType.DIPLOMACY],
        status=[tarikh.EventStatus.OCCURRED, tarikh.EventStatus.ONGOING],
        min_sources=1, order=tarikh.SortOrder.DESC, count=tarikh.CountMode.EXACT, limit=3,
    )
    print("list", page.count.value, page.count.relation, str(page.page.has_more).lower())
    show(*page.data)

    print("box", len(events.list_events(bbox=[-12.5, 10, 16, 25]).data))

    more = {}
    for number in 1, 2, 3:
        page = events.list_events(country=["ML"], limit=4, **more)
        print("page", number, str(page.page.has_more).lower())
        show(*page.data)
        more = {"cursor": page.page.next_cursor}


def one(client, events):
    show(events.get_event("ml-coup-2021"))
    try:
        events.get_event("atlantis-sinks")
    except tarikh.ApiException as error:
        # This generator leaves the body of an error unread.
        problem = client.deserialize(SimpleNamespace(data=error.body), "Problem")
        assert error.status == problem.status
        print("missing", problem.status, problem.code, problem.instance)


def charts(api):
    timeline = api.get_timeline(type=[tarikh.EventType.COUP], date="2021", interval=tarikh.IntervalChoice.MONTH)
    print("timeline", timeline.interval, timeline.by, f"{timeline.total:g}")
    for b in timeline.buckets:
        print("bucket", b.start, b.end, f"{b.certain:g} {b.possible:g}", round(b.expected * 1e6))

    facets = api.get_facets(country=["ML"], by=[tarikh.FacetName.TYPE, tarikh.FacetName.COUNTRY], limit=3)
    for facet in facets.facets:
        print("facet", facet.by, str(facet.more).lower())
        for v in facet.values:
            print("value", v.value, v.count, v.label["ar"])


configuration = tarikh.Configuration(host=os.environ["TARIKH_URL"])
configuration.access_token = None
with tarikh.ApiClient(configuration) as api_client:
    lists(tarikh.EventsApi(api_client))
    one(api_client, tarikh.EventsApi(api_client))
    charts(tarikh.ChartsApi(api_client))
