#pragma once
// Files on the network: which of them may be read, under which name GDAL opens them, and how their URLs are signed and
// shown. Hrefs come from outside: they stay URLs in a scene, and gdal_path() is the only way from a URL to something
// that is opened.

#include <string>
#include <string_view>
#include <vector>

namespace pitwatch {

/// A bucket of an object store. `endpoint` is the host that serves it ("eodata.dataspace.copernicus.eu"); empty: AWS.
struct BucketRule {
  std::string name;  // a pattern, as of RemotePolicy::hosts
  std::string endpoint;
};

/// How the URLs of one host are made readable: by a token that the user has, or by a service that signs them. Exactly
/// one of `token_template` and `signer` is given.
struct SigningRule {
  std::string host;            // a pattern, as of RemotePolicy::hosts
  std::string token_template;  // "{href}?{token}"
  std::string token_variable;  // the environment variable that holds the token
  std::string signer;          // "https://example.org/sign?href={href}", which answers JSON with the member "href"
};

/// What may be read over the network. Empty lists allow nothing.
///
/// A pattern is a host ("data.example.org"), or one with '*' for any run of characters ("*.example.org"); with
/// ":PORT" where the URL names a port that is not its scheme's own. IP addresses, names without a dot, and names in
/// .localhost, .local and .internal match only if they are listed without '*'.
struct RemotePolicy {
  std::vector<std::string> schemes;  // of "https", "s3", "http"
  std::vector<std::string> hosts;    // for https and http
  std::vector<BucketRule> buckets;   // for s3
  std::vector<SigningRule> signing;  // the first that fits a URL's host counts
};

/// https and s3, for the hosts and buckets of Sentinel-2 in Earth Search, the Copernicus Data Space and the Planetary
/// Computer, whose URLs the Planetary Computer's own service signs.
RemotePolicy default_remote_policy();

/// Whether a text is a URL ("https://...", "s3://..."; any scheme) rather than a local path.
bool is_url(std::string_view text);

/// A URL of the three schemes in its parts.
struct RemoteUrl {
  std::string scheme;  // lower case
  std::string host;    // lower case; of s3, the bucket, as it is written
  std::string port;    // empty where it is none or the scheme's own
  std::string path;    // "/" or longer; of s3, the key behind it is not percent-encoded
  std::string query;   // without '?'
};

/// Throws DataError, with the URL redacted, for another scheme and for what no honest href has: a user or password, an
/// empty or malformed host, port or path, segments "..", encoded or not, white space, control characters, backslashes,
/// more than 4096 bytes. A fragment is dropped. Thread-safe.
RemoteUrl parse_remote_url(std::string_view url);

/// The URL of a reference that stands in a document at `base` (RFC 3986, 5.2): a URL as it is, one without a scheme, an
/// absolute path on the same host, a relative path beside the document, a query of the document itself; the base's
/// query is not taken over. Throws DataError as parse_remote_url() does, and for a reference without any of these.
std::string resolve_url(const std::string& base, const std::string& reference);

/// Throws DataError with the reason, the URL redacted, for a URL that the policy does not allow. Thread-safe.
void check_allowed(const std::string& url, const RemotePolicy& policy);

/// The name under which GDAL opens a file: "/vsipitwatch/https://HOST/PATH?QUERY" (http_files.hpp),
/// "/vsis3/BUCKET/KEY", and a local path as it is: readers of scenes let no other path through. Throws DataError as
/// check_allowed() does. Thread-safe.
std::string gdal_path(const std::string& path_or_url, const RemotePolicy& policy);

/// Whether a name that gdal_path() gave is one of a file on the network.
bool is_on_network(std::string_view gdal_name);

/// The host that serves an s3 URL's bucket, empty for AWS. Throws DataError as check_allowed() does.
std::string endpoint_of(const std::string& url, const RemotePolicy& policy);

/// The rule by which a URL is signed; null where none fits, for s3, and for a URL that is signed already (its query
/// has a member "sig", "X-Amz-Signature" or "Signature"). Points into the policy.
const SigningRule* signing_rule(const std::string& url, const RemotePolicy& policy);

/// The URL that the rule's template makes with a token: {href} and {token} replaced; a token's leading '?' is dropped,
/// and '?' before {token} becomes '&' where the URL has a query. Throws ConfigError for a template without {href} or
/// {token}, DataError for an empty token, one with characters that no query has, and a result on another host.
std::string signed_url(const SigningRule& rule, const std::string& url, std::string_view token);

/// The request to the rule's signer: {href} replaced by the URL, percent-encoded. Throws ConfigError for a signer that
/// has no {href} or is no https URL.
std::string signer_request(const SigningRule& rule, const std::string& url);

/// The text with every URL in it cut down to what may be shown: without user, password, query and fragment. Where a
/// query was stands "?...", and the names of gdal_path() are URLs again. For every message and record that shows a URL,
/// or a text of GDAL's that may have one.
std::string redacted(std::string_view text);

/// RFC 3986: each "%XX" as its byte, broken ones as they are; and all but unreserved characters as "%XX".
std::string percent_decoded(std::string_view text);
std::string percent_encoded(std::string_view text);

}  // namespace pitwatch
