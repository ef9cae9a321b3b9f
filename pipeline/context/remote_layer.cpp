#include "pipeline/context/remote_layer.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr std::size_t most_pages = 1000;
constexpr std::size_t most_bytes = std::size_t{256} << 20;

/// The URL of the page after this one; empty where it is the last.
std::string next_of(const json& page, const std::string& url) {
  const auto links = page.find("links");
  if (links == page.end() || !links->is_array()) return {};
  for (const json& link : *links) {
    if (text_member(link, "rel") == "next") return resolve_url(url, text_member(link, "href"));
  }
  return {};
}

json page_at(const std::string& url, const std::string& text) {
  json page;
  try {
    page = parse_json(text);
  } catch (const DataError& error) {
    throw DataError(redacted(url) + ": is no GeoJSON: " + error.what());
  }
  const bool is_collection =
      text_member(page, "type") == "FeatureCollection" && page.contains("features") && page.at("features").is_array();
  if (!is_collection) throw DataError(redacted(url) + ": is no FeatureCollection of GeoJSON");
  return page;
}

}  // namespace

std::string fetch_layer(const std::string& url, HttpClient& client) {
  const auto end = std::chrono::steady_clock::now() + client.options().deadline;
  std::set<std::string> seen;
  std::size_t bytes = 0;
  json all;
  for (std::string next = url; !next.empty();) {
    if (!seen.insert(next).second) throw DataError(redacted(next) + ": the next page is one that was there before");
    if (seen.size() > most_pages) {
      throw DataError(redacted(url) + ": has more than " + std::to_string(most_pages) + " pages");
    }
    if (std::chrono::steady_clock::now() > end) throw DataError(redacted(url) + ": its pages take too long");
    const std::string text = client.get(next);
    bytes += text.size();
    if (bytes > most_bytes) throw DataError(redacted(url) + ": has more than 256 MiB");
    json page = page_at(next, text);
    next = next_of(page, next);
    if (all.is_null()) {
      page.erase("links");
      all = std::move(page);
    } else {
      for (json& feature : page["features"]) all["features"].push_back(std::move(feature));
    }
  }
  return all.dump();
}

}  // namespace pitwatch
