import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tarikh.ApiClient;
import tarikh.api.EventsApi;
import tarikh.model.Event;

/** What concerned Mali from 2020 to 2023, with a client that openapi-generator generated. */
public class Mali {
  public static void main(String[] args) throws Exception {
    URI server = URI.create(System.getenv().getOrDefault("TARIKH_URL", "http://127.0.0.1:8080"));
    ApiClient client = new ApiClient().setScheme(server.getScheme()).setHost(server.getHost()).setPort(server.getPort());
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    List<Event> events = new EventsApi(client).listEvents(
        "2020", "2023", null, null, null, null, List.of("ML"), null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, null, null).getData();
    for (Event event : events) {
      out.println(event.getDate().getLabel().getEn() + ": " + event.getTitle().get("en"));
    }
  }
}
