/** Books a seat with OpenJDK's own client as it is by default: it asks each time for an upgrade to HTTP/2. */
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

public class Customer {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static String url;

    public static void main(String[] arguments) throws Exception {
        url = arguments[0];
        send("POST", "/shows", "{\"name\":\"Hot\",\"start_time\":\"2030-01-01T20:00:00Z\",\"total_seats\":9}");
        send("POST", "/users", "{\"name\":\"Ada\",\"email\":\"ada@example.com\"}");
        send("POST", "/bookings", "{\"show_id\":1,\"user_id\":1,\"seats_booked\":2}");
        send("GET", "/shows/1", null);
        send("PUT", "/shows/1", "{\"name\":\"Hotter\"}");
        send("DELETE", "/shows/4711", null);
    }

    private static void send(String method, String path, String body) throws Exception {
        var publisher = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
        var request = HttpRequest.newBuilder(URI.create(url + path)).method(method, publisher).build();
        var response = CLIENT.send(request, BodyHandlers.ofString());
        System.out.println(method + " " + response.statusCode() + " " + response.version());
    }
}
