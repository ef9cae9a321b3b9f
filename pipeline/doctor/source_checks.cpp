#include <algorithm>
#include <optional>

#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/acquisition/source.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/doctor/checks.hpp"
#include "pipeline/io/remote/http_client.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/record/signature.hpp"
#include "pipeline/watch/pane_watch.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/watch/publish.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {
namespace {

using std::chrono::days;
using std::chrono::minutes;

bool is_url(const std::string& source) { return source.find("://") != std::string::npos; }

/// A clock that is wrong has TLS and signed URLs refused.
void check_server_clock(const WatchOptions& options, Instant now, HealthChecks& checks) {
  constexpr minutes most_off(5);
  HttpOptions once = options.network.http;
  once.attempts = 1;
  HttpClient client(once, policy_for(options.source, options.network));
  std::optional<Instant> theirs;
  try {
    theirs = client.get_any(options.source).date;
  } catch (const UnavailableError& error) {  // what it holds was read
    checks.push_back({"server's clock", Health::warning, error.what(), "ask again later"});
  }
  if (!theirs) return;
  const auto off = std::chrono::abs(std::chrono::duration_cast<std::chrono::seconds>(*theirs - now));
  const bool is_off = off > most_off;
  checks.push_back({"server's clock", is_off ? Health::warning : Health::ok,
                    std::to_string(off.count()) + " s from this one",
                    is_off ? "set the clock (timedatectl; chrony or systemd-timesyncd)" : ""});
}

/// What is there of the last month at the sites, of an API; of a folder all.
SourceListing listed(const WatchOptions& options, Instant now) {
  SourceSearch search;
  if (!options.sites.empty()) {
    std::vector<RejectedSite> rejected;
    search = search_for(watched_sites(options, rejected));
  }
  search.from = now - days(31);
  return list_source(options.source, options.network, search);
}

}  // namespace

void check_sites(const WatchOptions& options, HealthChecks& checks) {
  try {
    std::vector<RejectedSite> rejected;
    const std::vector<WatchedSite> sites = watched_sites(options, rejected);
    std::int64_t needed = 0;
    std::string largest;
    for (const WatchedSite& watched : sites) {
      for (const Pane& pane : panes_of(site_grid(watched.site, watched.options.buffer_m))) {
        const std::int64_t bytes = least_pane_bytes(pane.grid);
        if (bytes > needed) largest = watched.site.id;
        needed = std::max(needed, bytes);
      }
    }
    checks.push_back(
        {"sites", rejected.empty() ? Health::ok : Health::warning,
         std::to_string(sites.size()) + " sites" +
             (rejected.empty() ? "" : "; not one: " + rejected.front().what + ": " + rejected.front().reason),
         rejected.empty() ? "" : "correct it: the others are watched without it"});
    const bool fits = needed <= options.memory_bytes;
    checks.push_back({"memory of sites", fits ? Health::ok : Health::failed,
                      "at least " + bytes_text(static_cast<double>(needed)) + " for " + largest,
                      fits ? "" : "a larger --memory, or a smaller site"});
  } catch (const std::runtime_error& error) {
    checks.push_back({"sites", Health::failed, error.what(), "correct the file"});
  }
}

void check_source(const WatchOptions& options, Instant now, HealthChecks& checks) {
  try {
    const SourceListing listing = listed(options, now);
    std::optional<Instant> newest;
    for (const ListedScene& one : listing.scenes)
      newest = std::max(newest.value_or(one.scene.acquired), one.scene.acquired);
    std::string found = std::to_string(listing.scenes.size()) + " scenes" +
                        (newest ? ", the newest of " + format_instant(*newest) : "");
    if (!listing.rejected.empty()) {
      found += "; cannot be read: " + listing.rejected.front().path + ": " + listing.rejected.front().reason;
    }
    const bool is_empty = listing.scenes.empty();
    checks.push_back({"source",
                      is_empty                   ? Health::failed
                      : listing.rejected.empty() ? Health::ok
                                                 : Health::warning,
                      found,
                      is_empty                   ? "is it the right one? pitwatch scenes SOURCE tells what it holds"
                      : listing.rejected.empty() ? ""
                                                 : "pitwatch scenes SOURCE tells of each"});
    if (is_url(options.source)) check_server_clock(options, now, checks);
  } catch (const UnavailableError& error) {
    checks.push_back({"source", Health::failed, error.what(), "look at the network, at proxies and at the server"});
  } catch (const std::runtime_error& error) {
    checks.push_back({"source", Health::failed, redacted(options.source) + ": " + error_chain(error),
                      "pitwatch scenes SOURCE tells more"});
  }
}

void check_signing(const WatchOptions& options, Instant now, HealthChecks& checks) {
  constexpr days soon(30);
  const SigningOptions& signing = options.signing;
  const std::string text = "pitwatch doctor";
  if (!signing.certificate.empty()) {
    try {
      const SignatureFinding made = verify_cms(text, sign_cms(text, signing.certificate, signing.key), "");
      const bool ends_soon = made.not_after < now + soon;
      checks.push_back({"signatures", ends_soon ? Health::warning : Health::ok,
                        made.signer + ", until " + format_instant(made.not_after),
                        ends_soon ? "have a new certificate made before that" : ""});
    } catch (const std::runtime_error& error) {
      checks.push_back({"signatures", Health::failed, error.what(), "see README.md, Can it be relied on"});
    }
  }
  if (signing.time_stamps.empty()) return;
  try {
    static_cast<void>(time_stamp_of(signing.time_stamps, text));
    checks.push_back({"time stamps", Health::ok, redacted(signing.time_stamps) + " gives them", ""});
  } catch (const std::runtime_error& error) {
    checks.push_back({"time stamps", Health::failed, error.what(), "look at the network and at the authority"});
  }
}

}  // namespace pitwatch
