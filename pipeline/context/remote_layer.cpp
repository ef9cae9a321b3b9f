#include "pipeline/context/remote_layer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr std::size_t most_pages = 1000;
constexpr std::size_t most_bytes = std::size_t{256} << 20;

[[noreturn]] void refuse_member(const char* member, const json& value) {
  constexpr std::size_t most_shown = 40;
  const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, most_shown);
  throw DataError("its '" + std::string(member) + "' is not understood: " + text);
}

/// Whether a text of relations ("self", "prev NEXT", or the URI of one) has the next page among them.
bool names_next(const std::string& relations) {
  std::istringstream words(lower_ascii(relations));
  for (std::string word; words >> word;) {
    if (word == "next" || word.ends_with("/next")) return true;
  }
  return false;
}

bool is_next(const json& link) {
  if (!link.is_object()) refuse_member("links", link);
  const json relation = link.value("rel", json());
  if (relation.is_null()) return false;
  if (relation.is_string()) return names_next(relation.get<std::string>());
  if (!relation.is_array()) refuse_member("rel", relation);
  return std::any_of(relation.begin(), relation.end(), [&](const json& one) {
    if (!one.is_string()) refuse_member("rel", relation);
    return names_next(one.get<std::string>());
  });
}

/// The URL of the page after this one; empty where it is the last.
std::string next_of(const json& page, const std::string& url) {
  json links = page.value("links", json());
  if (links.is_object() && links.contains("rel")) links = json::array({links});
  if (links.is_null() || links.empty()) return {};
  if (!links.is_array()) refuse_member("links", links);
  const auto next = std::find_if(links.begin(), links.end(), is_next);
  if (next == links.end()) return {};
  const std::string reference = text_member(*next, "href");
  if (reference.empty()) throw DataError("its link to the next page says not where that is");
  return resolve_url(url, reference);
}

/// Nothing where a service says that it does not count ("unknown").
std::optional<std::uint64_t> count_of(const char* member, const json& value) {
  if (value.is_null()) return std::nullopt;
  if (const auto whole = whole_number_in<std::uint64_t>(value)) return whole;
  if (value.is_number_float()) {
    constexpr double largest = 9007199254740992;  // 2^53
    const auto number = value.get<double>();
    if (number >= 0 && number < largest && number == std::floor(number)) return static_cast<std::uint64_t>(number);
  } else if (value.is_string()) {
    const auto text = value.get<std::string>();
    if (lower_ascii(text) == "unknown") return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return number;
  }
  refuse_member(member, value);
}

/// How many features a page says there are in all (OGC API Features: numberMatched; GeoServer: totalFeatures, too);
/// nothing where neither says.
std::optional<std::uint64_t> stated_features(const json& page) {
  std::optional<std::uint64_t> stated;
  for (const char* const member : {"numberMatched", "totalFeatures"}) {
    const std::optional<std::uint64_t> count = count_of(member, page.value(member, json()));
    if (!stated) stated = count;
  }
  return stated;
}

/// As GeoJSON named it before RFC 7946.
json crs_of(const json& page) { return page.value("crs", json()); }

/// ArcGIS, of an answer that ends at what the service gives at once.
bool is_cut_off(const json& page) {
  constexpr const char* member = "exceededTransferLimit";
  const auto is_set = [&](const json& object) {
    const json value = object.is_object() ? object.value(member, json()) : json();
    if (value.is_null()) return false;
    if (value.is_boolean()) return value.get<bool>();
    const std::string text = value.is_string() ? lower_ascii(value.get<std::string>()) : "";
    if (text != "true" && text != "false") refuse_member(member, value);
    return text == "true";
  };
  return is_set(page) || is_set(page.value("properties", json()));
}

/// Counts features of pages: a service without an order of its own may give one on two pages, and another on none.
class FeatureCount {
 public:
  void add_page(const json& features) {
    std::set<std::string> here;
    for (const json& feature : features) {
      if (!feature.is_object()) refuse_member("features", feature);
      ++given_;
      const bool has_id = !feature.value("id", json()).is_null();
      std::string key = sha256_text(feature.dump(-1, ' ', true, json::error_handler_t::replace));
      if (known_.contains(key)) {
        ++repeated_;
        repeats_id_ = repeats_id_ || has_id;
      } else if (!here.insert(std::move(key)).second && has_id) {  // without one, they are two rows of a layer
        ++repeated_;
      }
    }
    known_.merge(here);
  }

  /// Of a part of a layer, ground would be nobody's that is somebody's.
  void expect_all(const std::optional<std::uint64_t>& stated) const {
    const std::string again = ", " + std::to_string(repeated_) + " of them a second time: others are missing";
    if (stated && given_ - repeated_ < *stated) {
      throw DataError("states " + std::to_string(*stated) + " features and gave " + std::to_string(given_) +
                      (repeated_ > 0 ? again : ""));
    }
    if (!stated && repeats_id_) {
      throw DataError("gave " + std::to_string(given_) + " features" + again + ", or may be");
    }
  }

  std::size_t given() const { return given_; }

 private:
  std::set<std::string> known_;  // of pages before, by hash
  std::size_t given_ = 0;
  std::size_t repeated_ = 0;
  bool repeats_id_ = false;  // one of a page before
};

json page_at(const std::string& text) {
  json page;
  try {
    page = parse_json(text);
  } catch (const DataError& error) {
    throw DataError(std::string("is no GeoJSON: ") + error.what());
  }
  const bool is_collection =
      text_member(page, "type") == "FeatureCollection" && page.contains("features") && page.at("features").is_array();
  if (!is_collection) throw DataError("is no FeatureCollection of GeoJSON");
  return page;
}

/// Runs `action`, and puts the URL before what it throws.
template <typename Action>
auto naming(const std::string& url, const Action& action) {
  try {
    return action();
  } catch (const DataError& error) {
    throw DataError(redacted(url) + ": " + error.what());
  }
}

}  // namespace

std::string fetch_layer(const std::string& url, const PageFetch& fetch, std::chrono::seconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  std::set<std::string> seen;
  std::size_t bytes = 0;
  json all;
  FeatureCount count;
  std::optional<std::uint64_t> stated;
  bool is_cut = false;
  for (std::string next = url; !next.empty();) {
    if (!seen.insert(next).second) throw DataError(redacted(next) + ": the next page is one that was there before");
    if (seen.size() > most_pages) {
      throw DataError(redacted(url) + ": has more than " + std::to_string(most_pages) + " pages");
    }
    if (std::chrono::steady_clock::now() > end) throw DataError(redacted(url) + ": its pages take too long");
    const std::string text = fetch(next);
    bytes += text.size();
    if (bytes > most_bytes) throw DataError(redacted(url) + ": has more than 256 MiB");
    next = naming(next, [&] {
      json page = page_at(text);
      std::string after = next_of(page, next);
      if (const auto features = stated_features(page)) stated = features;
      is_cut = is_cut_off(page);
      count.add_page(page["features"]);
      if (all.is_null()) {
        page.erase("links");
        all = std::move(page);
      } else {
        if (crs_of(page) != crs_of(all)) throw DataError("its pages have different CRSs");
        for (json& feature : page["features"]) all["features"].push_back(std::move(feature));
      }
      return after;
    });
  }
  naming(url, [&] {
    count.expect_all(stated);
    if (is_cut) {
      throw DataError("gave " + std::to_string(count.given()) +
                      " features and says that there are more (exceededTransferLimit)");
    }
  });
  return all.dump();
}

std::string fetch_layer(const std::string& url, HttpClient& client) {
  return fetch_layer(
      url, [&](const std::string& page) { return client.get(page); }, client.options().deadline);
}

}  // namespace pitwatch
