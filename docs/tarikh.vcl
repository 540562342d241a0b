# Varnish 7 as a cache before Tarikh; bench/httpcache runs this very file.
# docs/scaling.md says what it gives.
vcl 4.1;

import std;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
    .probe = {
        .url = "/livez";
        .interval = 1s;
        .timeout = 1s;
        .window = 3;
        .threshold = 2;
    }
}

acl writers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    # After a write that must be seen at once: curl -X BAN http://cache/v1/
    if (req.method == "BAN") {
        if (client.ip !~ writers) {
            return (synth(403));
        }
        ban("obj.http.x-url ~ ^" + req.url);
        return (synth(200, "Banned"));
    }
    if (req.url == "/v1/changes/stream" || req.url ~ "^/v1/changes/stream\?") {
        return (pipe);
    }
    # Writes, keys, and files, which are long and seldom asked for twice.
    if ((req.method != "GET" && req.method != "HEAD") || req.http.Authorization || req.url ~ "^/v1/events\.[a-z.]+(\?|$)") {
        return (pass);
    }
    # As long as the API lives, stale answers are given for 4 s while it is asked; for
    # 10 minutes when it does not.
    if (std.healthy(req.backend_hint)) {
        set req.grace = 4s;
    }
    return (hash);
}

sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

sub vcl_backend_response {
    set beresp.http.x-url = bereq.url;
    if (beresp.status >= 500 && bereq.is_bgfetch) {
        return (abandon); # what is stored is better
    }
    if (beresp.http.Cache-Control ~ "^public, max-age=0,") {
        set beresp.ttl = 1s;
        set beresp.grace = 600s;
        set beresp.keep = 1h; # to ask with its ETag
        return (deliver);
    }
}

sub vcl_deliver {
    unset resp.http.x-url;
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
}
