import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tarikh.ApiClient;
import tarikh.ApiException;
import tarikh.api.ChartsApi;
import tarikh.api.EventsApi;
import tarikh.model.Bucket;
import tarikh.model.CountMode;
import tarikh.model.Event;
import tarikh.model.EventDate;
import tarikh.model.EventPage;
import tarikh.model.EventStatus;
import tarikh.model.EventType;
import tarikh.model.Facet;
import tarikh.model.FacetName;
import tarikh.model.FacetValue;
import tarikh.model.IntervalChoice;
import tarikh.model.Problem;
import tarikh.model.SortOrder;
import tarikh.model.Timeline;

/** What examples/curl/scenario.sh does, with a client that openapi-generator generated. */
public class Scenario {
  private static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  public static void main(String[] args) throws Exception {
    URI server = URI.create(System.getenv("TARIKH_URL"));
    ApiClient client = new ApiClient().setScheme(server.getScheme()).setHost(server.getHost()).setPort(server.getPort());
    lists(new EventsApi(client));
    one(client, new EventsApi(client));
    charts(new ChartsApi(client));
  }

  private static void lists(EventsApi events) throws ApiException {
    EventPage list = events.listEvents(
        "2020", "2023", null, null, null, null, List.of("ML", "النيجر"), null, null, null, null,
        List.of(EventType.POLITICS, EventType.DIPLOMACY), List.of(EventStatus.OCCURRED, EventStatus.ONGOING), null, null, null, null,
        null, 1, null, SortOrder.DESC, 3, null, CountMode.EXACT, null);
    out.printf("list %d %s %s%n", list.getCount().getValue(), list.getCount().getRelation(), list.getPage().getHasMore());
    list.getData().forEach(Scenario::show);

    List<BigDecimal> sahel = Stream.of("-12.5", "10", "16", "25").map(BigDecimal::new).collect(Collectors.toList());
    EventPage box = events.listEvents(
        null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, sahel,
        null, null, null, null, null, null, null);
    out.println("box " + box.getData().size());

    String cursor = null;
    for (int number = 1; number <= 3; number++) {
      EventPage page = events.listEvents(
          null, null, null, null, null, null, List.of("ML"), null, null, null, null, null, null, null, null, null, null, null,
          null, null, null, 4, cursor, null, null);
      out.printf("page %d %s%n", number, page.getPage().getHasMore());
      page.getData().forEach(Scenario::show);
      cursor = page.getPage().getNextCursor();
    }
  }

  private static void one(ApiClient client, EventsApi events) throws Exception {
    show(events.getEvent("ml-coup-2021", null, null));
    try {
      events.getEvent("atlantis-sinks", null, null);
    } catch (ApiException e) {
      // This generator leaves the body of an error unread.
      Problem problem = client.getObjectMapper().readValue(e.getResponseBody(), Problem.class);
      if (e.getCode() != problem.getStatus()) {
        throw e;
      }
      out.printf("missing %d %s %s%n", problem.getStatus(), problem.getCode(), problem.getInstance());
    }
  }

  private static void charts(ChartsApi charts) throws ApiException {
    Timeline timeline = charts.getTimeline(
        null, null, "2021", null, null, null, null, null, null, null, null, List.of(EventType.COUP), null, null, null, null, null,
        null, null, null, IntervalChoice.MONTH, null, null, null, null);
    out.printf("timeline %s %s %.0f%n", timeline.getInterval(), timeline.getBy(), timeline.getTotal());
    for (Bucket b : timeline.getBuckets()) {
      out.printf("bucket %s %s %.0f %.0f %d%n", b.getStart(), b.getEnd(), b.getCertain(), b.getPossible(), Math.round(b.getExpected() * 1e6));
    }

    List<Facet> facets = charts.getFacets(
        null, null, null, null, null, null, List.of("ML"), null, null, null, null, null, null, null, null, null, null, null,
        null, null, List.of(FacetName.TYPE, FacetName.COUNTRY), 3, null).getFacets();
    for (Facet facet : facets) {
      out.printf("facet %s %s%n", facet.getBy(), facet.getMore());
      for (FacetValue v : facet.getValues()) {
        out.printf("value %s %d %s%n", v.getValue(), v.getCount(), v.getLabel().get("ar"));
      }
    }
  }

  private static void show(Event e) {
    EventDate d = e.getDate();
    out.println("event " + Stream.of(
            e.getId(), d.getEdtf(), d.getEarliest(), d.getStartLatest(), d.getEndEarliest(), d.getLatest(),
            d.getLabel().getEn(), d.getLabel().getAr(), e.getTitle().get("ar"))
        .map(String::valueOf).collect(Collectors.joining(" | ")));
  }
}
