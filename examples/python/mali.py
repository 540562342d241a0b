"""What concerned Mali from 2020 to 2023, with a client that openapi-generator generated."""

import os

import tarikh

configuration = tarikh.Configuration(host=os.environ.get("TARIKH_URL", "http://127.0.0.1:8080"))
configuration.access_token = None  # or a key; this generator wants to be told
with tarikh.ApiClient(configuration) as client:
    page = tarikh.EventsApi(client).list_events(country=["ML"], _from="2020", to="2023")
    for event in page.data:
        print(f"{event.date.label.en}: {event.title['en']}")
