#pragma once
// A SOURCE of scenes as the commands take it: a local one, or the URL of a STAC API.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/products/given_facts.hpp"
#include "pipeline/io/remote/http_client.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

/// How sources are read.
struct NetworkOptions {
  std::vector<std::string> collections;      // that a STAC API is searched in, where its URL names none
  std::optional<double> most_cloud_percent;  // of a scene, by its own account; scenes that do not tell are taken
  RemotePolicy remote = default_remote_policy();
  HttpOptions http;
  /// Folder that keeps what items of local folders said (io/files/file_memory.hpp); empty: all are read each time.
  std::string memory;
};

/// What a STAC API is asked for; a local source gives all that it has.
struct SourceSearch {
  std::vector<DegreeBox> places;  // none: anywhere
  std::optional<Instant> from;
  std::optional<Instant> until;
};

/// The path of a source of this machine; nothing where it is on the network. Throws ConfigError for a file: URL that
/// names no path here.
std::optional<std::string> local_path(const std::string& source);

/// Why a scene cannot be of the time that it says: before the first Sentinel-2, yet to come, or days from what its
/// datatake says; empty where it can. Scenes that name no Sentinel-2 may be of any time.
std::string impossible_time(const Scene& scene, Instant now);

/// Whether a URL is that of one STAC item, by its path: ".../items/ID", or a name that ends in .json or .geojson and
/// is not catalog.json or collection.json. Other URLs are those of APIs.
bool is_item_url(const std::string& source);

/// The policy under which a source is read: that of the options, and the source's own host, which the user has named,
/// if it is asked by https. Throws ConfigError for a URL of another scheme, of http where the options do not allow it.
RemotePolicy policy_for(const std::string& source, const NetworkOptions& options);

/// Called with a scene of the listing and the text of its item.
using SeeItem = std::function<void(const ListedScene&, const std::string& item)>;

/// The scenes of a source, as list_scenes() or search_scenes() tell them, or the one of an item's URL: files are paths
/// or URLs. Local ones that do not say where they lie have the box of a raster of theirs. Scenes of an
/// impossible_time() are rejected. Throws ConfigError as policy_for() does, DataError as those two do.
SourceListing list_source(const std::string& source, const NetworkOptions& options, HttpClient& client,
                          const SourceSearch& search, const SeeItem& see = {});

/// The same by a client of its own, which a local source needs not.
SourceListing list_source(const std::string& source, const NetworkOptions& options, const SourceSearch& search);

/// The same, ready to be read: files on the network have the names by which GDAL opens them, and GDAL is set up for
/// them. Scenes whose files may not be read by the policy are rejected with the reason.
SourceListing list_readable(const std::string& source, const NetworkOptions& options, const SourceSearch& search);

/// The same where the source may be images of the user's own, of which something is given: a file or, where a folder
/// has no scene of another form in it or something is given, its images are one scene. Throws ConfigError where facts
/// are given of another source.
SourceListing list_readable(const std::string& source, const NetworkOptions& options, const SourceSearch& search,
                            const GivenFacts& given);

/// One scene, ready to be read: read_product() of what is local, with what is given of it, or the item at a URL. Throws
/// ConfigError as policy_for() does, DataError for what cannot be read or is rejected in
/// list_readable().
ListedScene read_readable(const std::string& reference, const NetworkOptions& options, const GivenFacts& given = {});

/// Whether a reference is one to images of which facts may be given (takes_given_facts()).
bool is_own_images(const std::string& reference);

}  // namespace pitwatch
