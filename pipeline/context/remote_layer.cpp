#include "pipeline/context/remote_layer.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/json_number.hpp"
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
    if (lower_ascii(text_member(link, "rel")) == "next") return resolve_url(url, text_member(link, "href"));
  }
  return {};
}

/// How many features a page says there are in all (OGC API Features: numberMatched; GeoServer: totalFeatures, too).
/// Services that do not count them say so ("unknown"), or nothing.
std::optional<std::uint64_t> stated_features(const json& page) {
  for (const char* const member : {"numberMatched", "totalFeatures"}) {
    if (const auto found = page.find(member); found != page.end() && found->is_number_integer()) {
      return whole_number_in<std::uint64_t>(*found);
    }
  }
  return std::nullopt;
}

/// As GeoJSON named it before RFC 7946.
json crs_of(const json& page) { return page.value("crs", json()); }

/// ArcGIS, of an answer that ends at what the service gives at once.
bool is_cut_off(const json& page) {
  constexpr const char* member = "exceededTransferLimit";
  const auto is_set = [&](const json& object) {
    const auto found = object.is_object() ? object.find(member) : object.end();
    return found != object.end() && found->is_boolean() && found->get<bool>();
  };
  return is_set(page) || (page.contains("properties") && is_set(page.at("properties")));
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
  std::optional<std::uint64_t> stated;
  bool is_cut = false;
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
    if (const auto features = stated_features(page)) stated = features;
    is_cut = is_cut_off(page);
    if (all.is_null()) {
      page.erase("links");
      all = std::move(page);
    } else {
      if (crs_of(page) != crs_of(all)) throw DataError(redacted(url) + ": its pages have different CRSs");
      for (json& feature : page["features"]) all["features"].push_back(std::move(feature));
    }
  }
  // Of a part of a layer, ground would be nobody's that is somebody's.
  const std::size_t given = all["features"].size();
  if (stated && given < *stated) {
    throw DataError(redacted(url) + ": states " + std::to_string(*stated) + " features and gave " +
                    std::to_string(given));
  }
  if (is_cut) {
    throw DataError(redacted(url) + ": gave " + std::to_string(given) +
                    " features and says that there are more (exceededTransferLimit)");
  }
  return all.dump();
}

}  // namespace pitwatch
