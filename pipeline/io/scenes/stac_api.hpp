#pragma once
// Item search of STAC APIs (https://api.stacspec.org, 1.0): scenes of an archive by place, time and cloud.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/remote/http_client.hpp"
#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

struct SearchRequest {
  /// Of an API ("https://earth-search.aws.element84.com/v1"), or of its item search, with parameters that hold where
  /// this request has none: "https://.../v1/search?collections=sentinel-2-l2a&datetime=2023-01-01/..".
  std::string url;
  std::vector<std::string> collections;
  std::vector<DegreeBox> places;  // items that meet one of them; none: items of anywhere
  std::optional<Instant> from;
  std::optional<Instant> until;
  std::optional<double> most_cloud_percent;  // items that do not tell their cloud are found, too
  int page_size = 100;
  std::size_t most_items = 100'000;
  std::size_t most_pages = 10'000;
  std::size_t most_empty_pages = 100;    // in a row, that lead on all the same
  std::chrono::seconds most_time{1800};  // from the first page to the last
};

/// An item as the API gave it.
struct FoundItem {
  std::string name;        // "collection/id", which an API has once
  std::string collection;  // its id
  std::string url;         // its own
  std::string text;        // compact JSON
};

/// A request for one page.
struct PageRequest {
  std::string url;
  std::optional<std::string> body;  // JSON; none: GET
  friend auto operator<=>(const PageRequest&, const PageRequest&) = default;
};

struct ItemPage {
  std::vector<FoundItem> items;        // those that the request wants, in the order of the page
  std::vector<RejectedItem> rejected;  // features that are none, by their number on the page: "feature 3"
  std::size_t features = 0;            // all that the page has
  std::optional<PageRequest> next;
  std::optional<std::uint64_t> matched;  // how many the search finds in all, where the page says so
};

/// What the answer to a page's request says. Throws DataError, without the URL, for what is no FeatureCollection or
/// nested deeper than 64 levels, and for a link `next` that cannot be followed. Thread-safe.
ItemPage parse_item_page(const std::string& text, const SearchRequest& request, const PageRequest& page);

/// Hands over all items that a search finds, in the order of the pages, each once, and gives what was passed over:
/// items without an id, and others of an id that was there; and, where the pages end before what the API says that it
/// finds, that they do.
///
/// The search is POST, or GET where the API says that it has no other or answers POST with 404, 405 or 501. Places go
/// as `intersects`, one polygon for each group of boxes that meet, or with GET as the `bbox` around them; the bound of
/// cloud goes as `query`, or as a CQL2 filter, where the API says that it knows one. Whatever the API makes of them,
/// items are held against bounding box, period and cloud once more. Pages are followed by their links `next`, GET or
/// POST, with or without `merge`, until there is none or a page is empty.
///
/// Throws ConfigError for a request without a collection, and DataError, starting with the URL: what HttpClient throws,
/// a status that is not 200, a page that is no FeatureCollection or is nested deeper than 64 levels, a next page that
/// was there before, more items or pages than the request allows. Thread-safe.
std::vector<RejectedItem> search_items(const SearchRequest& request, HttpClient& client,
                                       const std::function<void(FoundItem)>& take);

/// A collection from the network; null where the server says that there is none (404, 410). Throws what HttpClient
/// throws, and DataError for another status and for what is no collection: what it says of its items is not known then.
std::shared_ptr<const StacCollection> fetch_collection(const std::string& url, HttpClient& client);

/// The same as scenes, as list_scenes() gives them for a file: what is no item of Sentinel-2 is rejected, hrefs stay
/// URLs. The collection of items that leave something open (stac_item.hpp) is asked for once; there may be none. `see`,
/// where it is given, gets the item of each scene of the listing. Throws as search_items().
SourceListing search_scenes(const SearchRequest& request, HttpClient& client,
                            const std::function<void(const ListedScene&, const FoundItem&)>& see = {});

}  // namespace pitwatch
