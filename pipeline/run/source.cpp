#include "pipeline/run/source.hpp"

#include <algorithm>
#include <tuple>

#include "pipeline/core/error.hpp"
#include "pipeline/io/remote_files.hpp"
#include "pipeline/io/scene_mirror.hpp"
#include "pipeline/io/stac_api.hpp"

namespace pitwatch {
namespace {

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_local(const std::string& source) { return !is_url(source) || source.starts_with("file:"); }

SourceListing list_local(const std::string& source, const NetworkOptions& options) {
  SourceListing listing = list_scenes(source);
  if (options.most_cloud_percent) {
    std::erase_if(listing.scenes, [&](const ListedScene& listed) {
      return listed.scene.cloud_cover && *listed.scene.cloud_cover > *options.most_cloud_percent;
    });
  }
  return listing;
}

/// Gives the scene's files the names that GDAL knows.
void name_files(Scene& scene, RemoteFiles& files) {
  for (auto& [band, asset] : scene.bands) {
    if (files.is_signed(asset.path)) {
      throw DataError("band " + std::string(name(band)) + ": " + redacted(asset.path) +
                      ": must be signed: bring it by pitwatch fetch");
    }
    asset.path = files.gdal_name(asset.path);
  }
}

}  // namespace

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

SourceListing list_source(const std::string& source, const NetworkOptions& options, HttpClient& client,
                          const SourceSearch& search, const SeeItem& see) {
  if (is_local(source)) {
    SourceListing listing = list_local(source, options);
    if (see) {
      for (const ListedScene& listed : listing.scenes) see(listed, local_item_text(listed));
    }
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

SourceListing list_source(const std::string& source, const NetworkOptions& options, const SourceSearch& search) {
  if (is_local(source)) return list_local(source, options);
  HttpClient client(options.http, policy_for(source, options));
  return list_source(source, options, client, search);
}

SourceListing list_readable(const std::string& source, const NetworkOptions& options, const SourceSearch& search) {
  SourceListing listing = list_source(source, options, search);
  const auto is_remote = [](const ListedScene& listed) {
    return std::any_of(listed.scene.bands.begin(), listed.scene.bands.end(),
                       [](const auto& band) { return is_url(band.second.path); });
  };
  if (std::none_of(listing.scenes.begin(), listing.scenes.end(), is_remote)) return listing;
  HttpClient client(options.http, policy_for(source, options));
  RemoteFiles files(client);
  std::erase_if(listing.scenes, [&](ListedScene& listed) {
    try {
      name_files(listed.scene, files);
      return false;
    } catch (const DataError& error) {
      listing.rejected.push_back({redacted(listed.scene.source), error.what()});
      return true;
    }
  });
  std::sort(listing.rejected.begin(), listing.rejected.end(), [](const RejectedItem& a, const RejectedItem& b) {
    return std::tie(a.path, a.reason) < std::tie(b.path, b.reason);
  });
  return listing;
}

}  // namespace pitwatch
