#include "pipeline/io/scenes/stac_api.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/products/stac_item.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

// ---- JSON ------------------------------------------------------------------------------------------------------

/// The elements of an array member; none where there is no such array.
const json& array_member(const json& object, const char* key) {
  static const json nothing = json::array();
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : nothing;
}

// ---- URLs ------------------------------------------------------------------------------------------------------

/// Of a query, where '+' is a space.
std::string decoded_parameter(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return percent_decoded(text);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(separator, from), text.size());
    if (end > from) parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

/// What the user named, in its parts.
struct Endpoint {
  std::string root;    // "https://example.org/v1", without '/' at the end
  std::string search;  // "https://example.org/v1/search"
  json parameters = json::object();
};

/// Parameters of a URL as members of a search body.
json parameters_of(const std::string& query) {
  json parameters = json::object();
  for (const std::string& part : split(query, '&')) {
    const std::size_t mark = part.find('=');
    const std::string key = decoded_parameter(part.substr(0, mark));
    const std::string value = mark == std::string::npos ? std::string() : decoded_parameter(part.substr(mark + 1));
    if (key == "collections" || key == "ids") {
      parameters[key] = split(value, ',');
    } else if (key == "bbox") {
      try {
        parameters[key] = json::parse("[" + value + "]");
      } catch (const json::exception&) {
        throw DataError("the parameter bbox is not a list of numbers");
      }
    } else if (key == "intersects" || key == "query" || key == "filter" || key == "fields" || key == "sortby") {
      // Those that are JSON in a GET, too; others are texts of their own language.
      const json as_json = json::parse(value, nullptr, false);
      parameters[key] = as_json.is_discarded() ? json(value) : as_json;
    } else if (key != "limit") {
      parameters[key] = value;
    }
  }
  return parameters;
}

Endpoint parse_endpoint(const std::string& url) {
  Endpoint endpoint;
  const std::size_t mark = url.find('?');
  std::string path = url.substr(0, mark);
  while (path.ends_with('/')) path.pop_back();
  constexpr std::string_view search = "/search";
  endpoint.root = path.ends_with(search) ? path.substr(0, path.size() - search.size()) : path;
  // The URL of a collection, or of its items, as a browser shows it.
  constexpr std::string_view items = "/items";
  constexpr std::string_view collections = "/collections/";
  std::string_view of_collection = endpoint.root;
  if (of_collection.ends_with(items)) of_collection.remove_suffix(items.size());
  const std::size_t at = of_collection.rfind(collections);
  std::string collection;
  if (at != std::string_view::npos && of_collection.find('/', at + collections.size()) == std::string_view::npos) {
    collection = percent_decoded(std::string(of_collection.substr(at + collections.size())));
    endpoint.root.resize(at);
  }
  endpoint.search = endpoint.root + std::string(search);
  if (mark != std::string::npos) endpoint.parameters = parameters_of(url.substr(mark + 1));
  if (!collection.empty()) endpoint.parameters["collections"] = json::array({collection});
  return endpoint;
}

std::string with_query(const std::string& url, const json& parameters) {
  std::string result = url;
  char separator = '?';
  for (const auto& [key, value] : parameters.items()) {
    std::string text;
    if (value.is_string()) {
      text = value.get<std::string>();
    } else if (value.is_array() && (key == "collections" || key == "ids" || key == "bbox")) {
      for (const json& element : value) {
        text += (text.empty() ? "" : ",") + (element.is_string() ? element.get<std::string>() : element.dump());
      }
    } else {
      text = value.dump();
    }
    result += separator + percent_encoded(key) + "=" + percent_encoded(text);
    separator = '&';
  }
  return result;
}

// ---- the request -----------------------------------------------------------------------------------------------

/// Of boxes that do not cross the antimeridian: on the map, not around the back of the globe.
bool meet(const DegreeBox& a, const DegreeBox& b) {
  return a.south <= b.north && b.south <= a.north && a.west <= b.east && b.west <= a.east;
}

/// Boxes that do not cross the antimeridian and do not meet: groups that do are one box around them.
std::vector<DegreeBox> apart(const std::vector<DegreeBox>& places) {
  std::vector<DegreeBox> boxes;
  for (const DegreeBox& place : places) {
    if (place.west <= place.east) {
      boxes.push_back(place);
    } else {
      boxes.push_back({place.west, place.south, 180, place.north});
      boxes.push_back({-180, place.south, place.east, place.north});
    }
  }
  for (std::size_t i = 0; i < boxes.size();) {
    const auto other = std::find_if(boxes.begin() + static_cast<std::ptrdiff_t>(i) + 1, boxes.end(),
                                    [&](const DegreeBox& box) { return meet(box, boxes[i]); });
    if (other == boxes.end()) {
      ++i;
      continue;
    }
    boxes[i] = {std::min(boxes[i].west, other->west), std::min(boxes[i].south, other->south),
                std::max(boxes[i].east, other->east), std::max(boxes[i].north, other->north)};
    boxes.erase(other);
    i = 0;  // the larger one may meet those before it
  }
  return boxes;
}

json ring_of(const DegreeBox& box) {
  return json::array({json::array({json::array({box.west, box.south}), json::array({box.east, box.south}),
                                   json::array({box.east, box.north}), json::array({box.west, box.north}),
                                   json::array({box.west, box.south})})});
}

json geometry_of(const std::vector<DegreeBox>& boxes) {
  if (boxes.size() == 1) return {{"type", "Polygon"}, {"coordinates", ring_of(boxes.front())}};
  json parts = json::array();
  for (const DegreeBox& box : boxes) parts.push_back(ring_of(box));
  return {{"type", "MultiPolygon"}, {"coordinates", parts}};
}

/// Across the antimeridian west is east of east (RFC 7946, 5.2).
json box_around(const std::vector<DegreeBox>& places, const std::vector<DegreeBox>& boxes) {
  if (places.size() == 1) return json::array({places[0].west, places[0].south, places[0].east, places[0].north});
  DegreeBox all = boxes.front();
  for (const DegreeBox& box : boxes) {
    all = {std::min(all.west, box.west), std::min(all.south, box.south), std::max(all.east, box.east),
           std::max(all.north, box.north)};
  }
  return json::array({all.west, all.south, all.east, all.north});
}

bool is_post(const json& link) { return lower_ascii(text_member(link, "method")) == "post"; }

/// What the API's landing page says of it.
struct Abilities {
  bool posts = true;
  bool knows_query = false;
  bool knows_filter = false;
};

Abilities abilities_of(const Endpoint& endpoint, HttpClient& client) {
  Abilities abilities;
  const HttpAnswer answer = client.get_any(endpoint.root);
  // A search may be there without a landing page: the request is tried, and items are held against it anyway.
  json page;
  try {
    if (answer.status == 200) page = parse_json(answer.body);
  } catch (const DataError&) {
  }
  if (!page.is_object()) return abilities;
  for (const json& name : array_member(page, "conformsTo")) {
    if (!name.is_string()) continue;
    const auto text = name.get<std::string>();
    abilities.knows_query |= text.ends_with("item-search#query");
    abilities.knows_filter |= text.ends_with("/cql2-json");
  }
  bool gets = false;
  bool posts = false;
  for (const json& link : array_member(page, "links")) {
    if (lower_ascii(text_member(link, "rel")) != "search") continue;
    (is_post(link) ? posts : gets) = true;
  }
  abilities.posts = posts || !gets;
  return abilities;
}

json search_body(const SearchRequest& request, const Endpoint& endpoint, const Abilities& abilities) {
  json body = endpoint.parameters;
  if (!request.collections.empty()) body["collections"] = request.collections;
  if (!request.places.empty()) {
    const std::vector<DegreeBox> boxes = apart(request.places);
    body.erase("bbox");  // an API refuses both
    body.erase("intersects");
    if (abilities.posts) {
      body["intersects"] = geometry_of(boxes);
    } else {
      body["bbox"] = box_around(request.places, boxes);
    }
  }
  if (request.from || request.until) {
    body["datetime"] = (request.from ? format_instant(*request.from) : std::string("..")) + "/" +
                       (request.until ? format_instant(*request.until) : std::string(".."));
  }
  if (request.most_cloud_percent && !body.contains("query") && !body.contains("filter")) {
    if (abilities.knows_query) {
      body["query"] = {{"eo:cloud_cover", {{"lte", *request.most_cloud_percent}}}};
    } else if (abilities.knows_filter && abilities.posts) {
      body["filter-lang"] = "cql2-json";
      body["filter"] = {
          {"op", "<="},
          {"args", json::array({json{{"property", "eo:cloud_cover"}}, json(*request.most_cloud_percent)})}};
    }
  }
  body["limit"] = request.page_size;
  return body;
}

// ---- pages -----------------------------------------------------------------------------------------------------

std::string fetch_page(const PageRequest& page, HttpClient& client) {
  if (!page.body) return client.get(page.url);
  HttpAnswer answer = client.post_json(page.url, *page.body);
  if (answer.status != 200) throw DataError(status_text(page.url, answer.status));
  return std::move(answer.body);
}

/// The first page, by GET where POST is not known: the request as it was understood continues from there.
std::string fetch_first_page(PageRequest& first, const SearchRequest& request, const Endpoint& endpoint,
                             Abilities abilities, HttpClient& client) {
  if (abilities.posts) {
    first = {endpoint.search,
             search_body(request, endpoint, abilities).dump(-1, ' ', false, json::error_handler_t::replace)};
    HttpAnswer answer = client.post_json(first.url, *first.body);
    if (answer.status == 200) return std::move(answer.body);
    if (answer.status != 404 && answer.status != 405 && answer.status != 501) {
      throw DataError(status_text(first.url, answer.status));
    }
    abilities.posts = false;
  }
  first = {with_query(endpoint.search, search_body(request, endpoint, abilities)), std::nullopt};
  return client.get(first.url);
}

std::optional<PageRequest> next_page(const json& page, const PageRequest& current) {
  for (const json& link : array_member(page, "links")) {
    if (lower_ascii(text_member(link, "rel")) != "next") continue;
    const std::string href = text_member(link, "href");
    if (href.empty()) throw DataError("a link 'next' without 'href'");
    PageRequest next{resolve_url(current.url, href), std::nullopt};
    if (is_post(link)) {
      const auto body = link.find("body");
      const auto merge = link.find("merge");
      const bool has_body = body != link.end() && body->is_object();
      const bool merges = merge != link.end() && merge->is_boolean() && merge->get<bool>();
      json sent = merges && current.body ? json::parse(*current.body) : json::object();
      if (has_body) sent.update(*body);
      next.body = !has_body && !merges && current.body ? *current.body : sent.dump();
    }
    return next;
  }
  return std::nullopt;
}

/// OGC API Features, and STAC API before its 1.0.
std::optional<std::uint64_t> matched_by(const json& page) {
  const auto context = page.find("context");
  for (const auto& [object, member] :
       {std::pair{&page, "numberMatched"}, {context != page.end() ? &*context : &page, "matched"}}) {
    const auto found = object->is_object() ? object->find(member) : object->end();
    if (found == object->end()) continue;
    if (const auto number = whole_number_in<std::uint64_t>(*found)) return number;
  }
  return std::nullopt;
}

std::string url_of(const json& item, const std::string& root) {
  for (const json& link : array_member(item, "links")) {
    if (text_member(link, "rel") == "self" && is_url(text_member(link, "href"))) return text_member(link, "href");
  }
  return root + "/collections/" + percent_encoded(text_member(item, "collection")) + "/items/" +
         percent_encoded(text_member(item, "id"));
}

bool meets(const json& item, const std::vector<DegreeBox>& places) {
  const json& box = array_member(item, "bbox");
  const bool usable = (box.size() == 4 || box.size() == 6) &&
                      std::all_of(box.begin(), box.end(), [](const json& side) { return side.is_number(); });
  if (!usable) return true;  // the API found it
  const std::size_t upper = box.size() / 2;
  const DegreeBox own{box[0].get<double>(), box[1].get<double>(), box[upper].get<double>(),
                      box[upper + 1].get<double>()};
  return std::any_of(places.begin(), places.end(), [&](const DegreeBox& place) { return overlap(own, place); });
}

bool is_wanted(const json& item, const SearchRequest& request) {
  if (!request.places.empty() && !meets(item, request.places)) return false;
  const auto properties = item.find("properties");
  if (properties == item.end() || !properties->is_object()) return true;  // the reader says what is wrong
  const auto cloud = properties->find("eo:cloud_cover");
  if (request.most_cloud_percent && cloud != properties->end() && cloud->is_number() &&
      cloud->get<double>() > *request.most_cloud_percent) {
    return false;
  }
  try {
    const std::string time = text_member(*properties, "datetime");
    if (time.empty()) return true;
    const Instant acquired = parse_instant(time);
    return (!request.from || acquired >= *request.from) && (!request.until || acquired <= *request.until);
  } catch (const DataError&) {
    return true;
  }
}

}  // namespace

ItemPage parse_item_page(const std::string& text, const SearchRequest& request, const PageRequest& page) {
  const json answer = parse_json(text);
  const auto features = answer.is_object() ? answer.find("features") : answer.end();
  if (!answer.is_object() || features == answer.end() || !features->is_array()) {
    throw DataError("the answer is no FeatureCollection");
  }
  const std::string root = parse_endpoint(request.url).root;
  ItemPage result{{}, {}, features->size(), next_page(answer, page), matched_by(answer)};
  for (std::size_t i = 0; i < features->size(); ++i) {
    const json& item = (*features)[i];
    const auto reject = [&](const char* why) { result.rejected.push_back({"feature " + std::to_string(i + 1), why}); };
    if (!item.is_object()) {
      reject("is no item");
      continue;
    }
    if (!is_wanted(item, request)) continue;
    const std::string id = text_member(item, "id");
    if (id.empty()) {
      reject("has no id that is a text");
      continue;
    }
    const std::string collection = text_member(item, "collection");
    result.items.push_back({collection + "/" + id, collection, url_of(item, root),
                            item.dump(-1, ' ', false, json::error_handler_t::replace)});
  }
  return result;
}

std::vector<RejectedItem> search_items(const SearchRequest& request, HttpClient& client,
                                       const std::function<void(FoundItem)>& take) {
  check_allowed(request.url, client.policy());
  try {
    const Endpoint endpoint = parse_endpoint(request.url);
    if (request.collections.empty() && array_member(endpoint.parameters, "collections").empty()) {
      throw ConfigError(redacted(request.url) + ": of which collection? Name one by --collection, or in the URL");
    }
    const Abilities abilities = abilities_of(endpoint, client);
    PageRequest current;
    std::string text = fetch_first_page(current, request, endpoint, abilities, client);
    std::set<PageRequest> seen{current};
    std::map<std::string, std::string> known;  // SHA-256 of items, by name
    std::vector<RejectedItem> rejected;
    std::uint64_t features = 0;
    std::optional<std::uint64_t> matched;
    const auto end = std::chrono::steady_clock::now() + request.most_time;
    std::size_t empty_pages = 0;
    for (std::size_t pages = 1;; ++pages) {
      throw_if_interrupted();
      ItemPage page = parse_item_page(text, request, current);
      empty_pages = page.features == 0 ? empty_pages + 1 : 0;
      features += page.features;
      if (page.matched) matched = page.matched;
      for (const RejectedItem& feature : page.rejected) {
        rejected.push_back(
            {redacted(request.url) + ", page " + std::to_string(pages) + ", " + feature.path, feature.reason});
      }
      for (FoundItem& item : page.items) {
        const std::string content = sha256_text(item.text);
        const auto [there, is_new] = known.try_emplace(item.name, content);
        if (!is_new) {  // pages may overlap
          if (there->second != content) {
            rejected.push_back({redacted(item.url), "is another item of an id that was there: the first counts"});
          }
          continue;
        }
        take(std::move(item));
      }
      if (known.size() + rejected.size() > request.most_items) {
        throw DataError("more than " + std::to_string(request.most_items) + " items");
      }
      if (!page.next) {
        if (matched && features < *matched) {
          rejected.push_back({redacted(request.url), "finds " + std::to_string(*matched) + " items and gave " +
                                                         std::to_string(features) + ", without a next page"});
        }
        return rejected;
      }
      if (empty_pages > request.most_empty_pages) {
        throw DataError("more than " + std::to_string(request.most_empty_pages) + " pages in a row without an item");
      }
      if (std::chrono::steady_clock::now() > end) {
        throw DataError("has more pages after " + std::to_string(request.most_time.count()) + " s");
      }
      if (!seen.insert(*page.next).second) throw DataError("the next page is one that was there before");
      if (pages == request.most_pages) throw DataError("more than " + std::to_string(pages) + " pages");
      current = *std::move(page.next);
      text = fetch_page(current, client);
    }
  } catch (const UnavailableError&) {  // names its URL
    throw;
  } catch (const DataError& error) {
    const std::string url = redacted(request.url);
    const std::string reason = error.what();
    // What concerns another URL names it first.
    throw DataError(is_url(reason) ? reason : url + ": " + reason);
  }
}

std::shared_ptr<const StacCollection> fetch_collection(const std::string& url, HttpClient& client) {
  const HttpAnswer answer = client.get_any(url);
  if (answer.status == 404 || answer.status == 410) return nullptr;
  if (answer.status != 200) throw DataError(status_text(url, answer.status));
  std::shared_ptr<const StacCollection> collection = parse_stac_collection(answer.body);
  if (!collection) throw DataError(redacted(url) + ": is no collection of STAC");
  return collection;
}

namespace {

/// The collections of an API, each asked for once, where an item leaves something open. Of one that cannot be had each
/// item says why: by what is taken for granted it might be read otherwise than with it.
class Collections {
 public:
  Collections(const SearchRequest& request, HttpClient& client) : request_(request), client_(client) {}

  std::shared_ptr<const StacCollection> get(const std::string& id) {
    if (id.empty()) return nullptr;
    const auto [known, is_new] = known_.try_emplace(id);
    Answer& answer = known->second;
    if (is_new) {
      const std::string root = parse_endpoint(request_.url).root;
      try {
        answer.collection = fetch_collection(root + "/collections/" + percent_encoded(id), client_);
      } catch (const UnavailableError&) {
        throw;
      } catch (const DataError& error) {
        answer.problem = error.what();
      }
    }
    if (!answer.problem.empty()) throw DataError(answer.problem);
    return answer.collection;
  }

 private:
  struct Answer {
    std::shared_ptr<const StacCollection> collection;
    std::string problem;
  };

  const SearchRequest& request_;
  HttpClient& client_;
  std::map<std::string, Answer> known_;
};

}  // namespace

SourceListing search_scenes(const SearchRequest& request, HttpClient& client,
                            const std::function<void(const ListedScene&, const FoundItem&)>& see) {
  SourceListing listing;
  Collections collections(request, client);
  std::vector<RejectedItem> passed_over = search_items(request, client, [&](const FoundItem& item) {
    StacItemOptions options;
    options.collection = [&](const std::string&) { return collections.get(item.collection); };
    try {
      listing.scenes.push_back({parse_stac_item(item.text, item.url, options), sha256_text(item.text)});
      if (see) see(listing.scenes.back(), item);
    } catch (const UnavailableError&) {
      throw;
    } catch (const DataError& error) {
      std::string reason = error.what();
      const std::string name = redacted(item.url);
      if (reason.starts_with(name + ": ")) reason.erase(0, name.size() + 2);
      listing.rejected.push_back({name, std::move(reason)});
    }
  });
  std::move(passed_over.begin(), passed_over.end(), std::back_inserter(listing.rejected));
  std::sort(listing.scenes.begin(), listing.scenes.end(), is_listed_before);
  std::sort(listing.rejected.begin(), listing.rejected.end(), [](const RejectedItem& a, const RejectedItem& b) {
    return std::tie(a.path, a.reason) < std::tie(b.path, b.reason);
  });
  return listing;
}

}  // namespace pitwatch
