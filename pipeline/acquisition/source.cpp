#include "pipeline/acquisition/source.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <tuple>

#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/files/file_memory.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/remote/remote_files.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/scenes/scene_mirror.hpp"
#include "pipeline/io/scenes/scene_reader.hpp"
#include "pipeline/io/scenes/stac_api.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_local(const std::string& source) { return !is_url(source) || source.starts_with("file:"); }

/// "/data/pit 7" of "file:///data/pit%207"; other paths as they are.
std::string path_of(const std::string& source) {
  constexpr std::string_view scheme = "file:";
  if (!source.starts_with(scheme)) return source;
  std::string path = percent_decoded(source.substr(scheme.size()));
  constexpr std::string_view here = "//localhost/";
  if (path.starts_with(here)) path.erase(0, here.size() - 1);
  if (path.starts_with("///")) path.erase(0, 2);
  if (!path.starts_with("/") || path.starts_with("//") || path.find('\0') != std::string::npos) {
    throw ConfigError(redacted(source) + ": not a file or folder of this machine");
  }
  return path;
}

/// Where a scene lies that does not say so, by a band's header: it would count as one of every site. Of files that
/// cannot be opened whoever reads them says so.
void find_place(Scene& scene) {
  for (const auto& [band, asset] : scene.bands) {
    if (scene.bbox) return;
    if (!is_reflectance(band) || is_url(asset.path)) continue;
    try {
      scene.bbox = degree_box(BandFile(asset.path, asset.layer).grid());
    } catch (const DataError&) {
    } catch (const ConfigError&) {
    }
  }
}

SourceListing list_local(const std::string& source, const NetworkOptions& options) {
  const std::string path = path_of(source);
  std::error_code none;
  FileMemory memory(options.memory, "items", std::filesystem::weakly_canonical(path, none).string());
  SourceListing listing = list_scenes(path, {.parallel = in_parallel, .memory = &memory});
  memory.save();
  if (options.most_cloud_percent) {
    std::erase_if(listing.scenes, [&](const ListedScene& listed) {
      return listed.scene.cloud_cover && *listed.scene.cloud_cover > *options.most_cloud_percent;
    });
  }
  std::vector<Scene*> placeless;
  for (ListedScene& listed : listing.scenes) {
    if (!listed.scene.bbox) placeless.push_back(&listed.scene);
  }
  in_parallel(static_cast<int>(placeless.size()), [&](int i) { find_place(*placeless[static_cast<std::size_t>(i)]); });
  return listing;
}

bool has_remote_files(const Scene& scene) {
  return std::any_of(scene.bands.begin(), scene.bands.end(), [](const auto& band) { return is_url(band.second.path); });
}

/// Gives the scene's files the names that GDAL knows.
void name_files(Scene& scene, RemoteFiles& files) {
  for (auto& [band, asset] : scene.bands) {
    try {
      asset.path = files.gdal_name(asset.path);
    } catch (...) {
      rethrow_with_context("band " + std::string(name(band)));
    }
  }
}

/// The collection that an item on the network links to; null where there is none.
std::shared_ptr<const StacCollection> linked_collection(const std::string& item, const std::string& href,
                                                        HttpClient& client) {
  if (href.empty()) return nullptr;
  std::string url;
  try {
    url = resolve_url(item, href);
  } catch (const DataError&) {
    return nullptr;
  }
  return fetch_collection(url, client);
}

}  // namespace

bool is_item_url(const std::string& source) {
  if (!is_url(source) || source.starts_with("file:")) return false;
  const std::string path = source.substr(0, source.find_first_of("?#"));
  const std::size_t items = path.rfind("/items/");
  const bool is_named =
      items != std::string::npos && items + 7 < path.size() && path.find('/', items + 7) == std::string::npos;
  const bool is_catalog = path.ends_with("/catalog.json") || path.ends_with("/collection.json");
  return is_named || path.ends_with(".geojson") || (path.ends_with(".json") && !is_catalog);
}

RemotePolicy policy_for(const std::string& source, const NetworkOptions& options) {
  RemotePolicy policy = options.remote;
  if (is_local(source)) return policy;
  if (source.starts_with("http:") && !has(policy.schemes, "http")) {
    throw ConfigError(redacted(source) + ": without TLS; if that is meant, allow it by --allow-host http://HOST");
  }
  if (!source.starts_with("https:") && !source.starts_with("http:")) {
    throw ConfigError(redacted(source) + ": not a folder, and not a STAC API (https://...)");
  }
  if (source.starts_with("https:")) {
    const RemoteUrl url = parse_remote_url(source);
    policy.hosts.push_back(url.port.empty() ? url.host : url.host + ":" + url.port);
  }
  return policy;
}

std::string impossible_time(const Scene& scene, Instant now) {
  using std::chrono::days;
  constexpr Instant first_launch{std::chrono::sys_days{std::chrono::year{2015} / 6 / 23}};
  if (!scene.platform.starts_with("sentinel-2")) return {};
  const std::string when = "is dated " + format_instant(scene.acquired);
  if (scene.acquired < first_launch) return when + ", before the first Sentinel-2 was launched";
  if (scene.acquired > now + days(1)) return when + ", which is yet to come";
  // "GS2A_20220214T070051_034715_N04.00"
  constexpr std::size_t begin = 5, length = 15;
  if (scene.datatake.size() < begin + length || !scene.datatake.starts_with("GS2")) return {};
  const std::string stamp = scene.datatake.substr(begin, length);
  try {
    const Instant taken = parse_instant(stamp.substr(0, 4) + "-" + stamp.substr(4, 2) + "-" + stamp.substr(6, 2));
    if (std::chrono::abs(scene.acquired - taken) > days(2)) return when + ", and its datatake is " + scene.datatake;
  } catch (const DataError&) {
    return {};  // its form is not checked here
  }
  return {};
}

namespace {

void sort_rejected(SourceListing& listing) {
  std::sort(listing.rejected.begin(), listing.rejected.end(), [](const RejectedItem& a, const RejectedItem& b) {
    return std::tie(a.path, a.reason) < std::tie(b.path, b.reason);
  });
}

void reject_impossible_times(SourceListing& listing) {
  const Instant now = clock_now();
  const auto rejected = std::erase_if(listing.scenes, [&](const ListedScene& listed) {
    std::string why = impossible_time(listed.scene, now);
    if (why.empty()) return false;
    listing.rejected.push_back({redacted(listed.scene.source), std::move(why)});
    return true;
  });
  if (rejected > 0) sort_rejected(listing);
}

SourceListing list_any(const std::string& source, const NetworkOptions& options, HttpClient& client,
                       const SourceSearch& search, const SeeItem& see) {
  if (is_local(source)) {
    SourceListing listing = list_local(source, options);
    if (see) {
      for (const ListedScene& listed : listing.scenes) see(listed, local_item_text(listed));
    }
    return listing;
  }
  if (is_item_url(source)) {
    SourceListing listing;
    const std::string text = client.get(source);
    StacItemOptions reading;
    reading.collection = [&](const std::string& href) { return linked_collection(source, href, client); };
    listing.scenes.push_back({parse_stac_item(text, source, reading), sha256_text(text)});
    if (see) see(listing.scenes.front(), text);
    return listing;
  }
  SearchRequest request;
  request.url = source;
  request.collections = options.collections;
  request.places = search.places;
  request.from = search.from;
  request.until = search.until;
  request.most_cloud_percent = options.most_cloud_percent;
  return search_scenes(request, client, [&](const ListedScene& listed, const FoundItem& item) {
    if (see) see(listed, item.text);
  });
}

}  // namespace

SourceListing list_source(const std::string& source, const NetworkOptions& options, HttpClient& client,
                          const SourceSearch& search, const SeeItem& see) {
  SourceListing listing = list_any(source, options, client, search, see);
  reject_impossible_times(listing);
  return listing;
}

SourceListing list_source(const std::string& source, const NetworkOptions& options, const SourceSearch& search) {
  if (is_local(source)) {
    SourceListing listing = list_local(source, options);
    reject_impossible_times(listing);
    return listing;
  }
  HttpClient client(options.http, policy_for(source, options));
  return list_source(source, options, client, search);
}

std::optional<std::string> local_path(const std::string& source) {
  if (!is_local(source)) return {};
  return path_of(source);
}

SourceListing list_readable(const std::string& source, const NetworkOptions& options, const SourceSearch& search) {
  SourceListing listing = list_source(source, options, search);
  const auto is_remote = [](const ListedScene& listed) { return has_remote_files(listed.scene); };
  if (std::none_of(listing.scenes.begin(), listing.scenes.end(), is_remote)) return listing;
  RemoteFiles files(std::make_shared<HttpClient>(options.http, policy_for(source, options)));
  std::erase_if(listing.scenes, [&](ListedScene& listed) {
    try {
      name_files(listed.scene, files);
      return false;
    } catch (const DataError& error) {
      listing.rejected.push_back({redacted(listed.scene.source), error_chain(error)});
      return true;
    }
  });
  sort_rejected(listing);
  return listing;
}

bool is_own_images(const std::string& reference) {
  return is_local(reference) && takes_given_facts(path_of(reference));
}

SourceListing list_readable(const std::string& source, const NetworkOptions& options, const SourceSearch& search,
                            const GivenFacts& given) {
  std::error_code none;
  const bool is_own = is_own_images(source);
  const bool is_file = is_own && !std::filesystem::is_directory(path_of(source), none);
  if (given.any() && !is_own) {
    throw ConfigError(redacted(source) + ": --bands, --date, --scale, --offset and --nodata are of plain images");
  }
  SourceListing listing;
  if (!is_file && !given.any()) {
    listing = list_readable(source, options, search);
    if (!is_own || !listing.scenes.empty() || !listing.rejected.empty()) return listing;
  }
  listing.scenes.push_back(read_readable(source, options, given));
  return listing;
}

ListedScene read_readable(const std::string& reference, const NetworkOptions& options, const GivenFacts& given) {
  const bool local = is_local(reference);
  if (!local && !is_item_url(reference)) {
    throw ConfigError(redacted(reference) +
                      ": not the URL of one STAC item (.../items/ID, or a name that ends in .json)");
  }
  const auto client = std::make_shared<HttpClient>(options.http, policy_for(reference, options));
  const std::string path = local ? path_of(reference) : reference;
  ListedScene listed;
  if (local) {
    ProductScene read = read_product(path, given);
    listed = {std::move(read.scene), std::move(read.fingerprint)};
  } else {
    listed = std::move(list_any(reference, options, *client, {}, {}).scenes.front());
  }
  Scene asked = listed.scene;
  if (local && asked.platform.empty() && takes_given_facts(path)) asked.platform = "sentinel-2";  // images name none
  if (const std::string why = impossible_time(asked, clock_now()); !why.empty()) {
    throw DataError(redacted(reference) + ": " + why);
  }
  if (!has_remote_files(listed.scene)) return listed;
  RemoteFiles files(client);
  try {
    name_files(listed.scene, files);
  } catch (...) {
    rethrow_with_context(redacted(reference));
  }
  return listed;
}

}  // namespace pitwatch
