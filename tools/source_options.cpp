#include "tools/source_options.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "tools/common_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

using Texts = std::vector<std::string>;

constexpr int longest_timeout_s = 3600;
constexpr int longest_deadline_s = 86'400;

/// Of an option that may be given several times, each time with several values.
Texts values_of(const po::variables_map& values, const std::string& option) {
  Texts all;
  if (values.count(option) == 0) return all;
  for (const std::string& list : values[option].as<Texts>()) {
    for (const std::string& value : split_list(list)) {
      if (value.empty()) throw ConfigError("--" + option + ": an empty value in '" + list + "'");
      all.push_back(value);
    }
  }
  return all;
}

void allow_host(const std::string& value, RemotePolicy& policy) {
  constexpr std::string_view plain = "http://";
  const bool is_plain = value.starts_with(plain);
  const std::string host = is_plain ? value.substr(plain.size()) : value;
  if (host.empty() || host.find_first_of("/@? ") != std::string::npos) {
    throw ConfigError("--allow-host: not a host: '" + value + "' (e.g. data.example.org, http://localhost:8080)");
  }
  if (is_plain && std::find(policy.schemes.begin(), policy.schemes.end(), "http") == policy.schemes.end()) {
    policy.schemes.emplace_back("http");
  }
  policy.hosts.push_back(host);
}

void allow_bucket(const std::string& value, RemotePolicy& policy) {
  const std::size_t mark = value.find('@');
  BucketRule rule{value.substr(0, mark), mark == std::string::npos ? std::string() : value.substr(mark + 1)};
  if (rule.name.empty() || (mark != std::string::npos && rule.endpoint.empty()) ||
      value.find_first_of("/? ") != std::string::npos) {
    throw ConfigError("--allow-bucket: not a bucket: '" + value + "' (e.g. scenes, scenes@s3.example.org)");
  }
  policy.buckets.push_back(std::move(rule));
}

/// "HOST=https://SIGNER?href={href}" or "HOST={href}?{$VARIABLE}".
SigningRule signing_rule_of(const std::string& value) {
  // What may be a secret is not shown.
  const auto fail = [&]() -> SigningRule {
    throw ConfigError("--sign: not a host and how its URLs are signed: '" + value.substr(0, value.find('=')) +
                      "...' (e.g. *.example.org=https://sign.example.org/sign?href={href}, or "
                      "data.example.org={href}?{$TOKEN}, where TOKEN is an environment variable)");
  };
  constexpr std::string_view href = "{href}";
  const std::size_t mark = value.find('=');
  if (mark == std::string::npos) return fail();
  const std::string host = value.substr(0, mark);
  const std::string how = value.substr(mark + 1);
  if (host.empty() || host.find_first_of("/@? ") != std::string::npos) return fail();
  if (how.find(href) == std::string::npos) return fail();
  if (how.starts_with("https://")) return {host, {}, {}, how};
  constexpr std::string_view opening = "{$";
  const std::size_t begin = how.find(opening);
  const std::size_t end = how.find('}', std::min(begin, how.size()));
  if (!how.starts_with(href) || end == std::string::npos) return fail();
  const std::string variable = how.substr(begin + opening.size(), end - begin - opening.size());
  if (variable.empty()) return fail();
  return {host, how.substr(0, begin) + "{token}" + how.substr(end + 1), variable, {}};
}

/// Where systemd gives the service a folder for it, or the user's own one; empty where there is neither.
/// Empty where nothing is to be remembered. What can hold nothing is not what was meant.
std::string given_cache(const std::string& folder) {
  if (folder == "off") return {};
  std::error_code none;
  if (fs::exists(fs::symlink_status(folder, none)) && !fs::is_directory(folder, none)) {
    throw ConfigError("--cache " + folder + ": is no folder");
  }
  return folder;
}

std::string usual_cache() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  if (const std::string given = variable("CACHE_DIRECTORY"); !given.empty()) return given.substr(0, given.find(':'));
  if (const std::string caches = variable("XDG_CACHE_HOME"); caches.starts_with('/')) return caches + "/pitwatch";
  if (const std::string home = variable("HOME"); home.starts_with('/')) return home + "/.cache/pitwatch";
  return {};
}

}  // namespace

void add_archive_options(po::options_description& description) {
  description.add_options()  //
      ("cache", po::value<std::string>()->value_name("DIR"),
       "folder of yours that remembers what files said, so that those that have not changed are not read again; "
       "off: "
       "none; default: $CACHE_DIRECTORY, $XDG_CACHE_HOME/pitwatch or ~/.cache/pitwatch; it may be removed at any "
       "time")  //
      ("collection", po::value<Texts>()->value_name("ID"),
       "collection that a STAC API is searched in, e.g. sentinel-2-l2a; may be repeated")  //
      ("max-cloud", po::value<double>()->value_name("PERCENT"),
       "leave out scenes with more cloud by their own account, percent, 0..100");
}

void add_source_options(po::options_description& description) {
  add_archive_options(description);
  add_network_options(description);
}

void add_network_options(po::options_description& description) {
  description.add_options()  //
      ("allow-host", po::value<Texts>()->value_name("HOST[:PORT]"),
       "read from this host, too; '*' for any run of characters; http://HOST[:PORT] allows http, without TLS; may be "
       "repeated")  //
      ("allow-bucket", po::value<Texts>()->value_name("BUCKET[@ENDPOINT]"),
       "read s3://BUCKET, too, at AWS or at the host ENDPOINT; may be repeated")  //
      ("sign", po::value<Texts>()->value_name("HOST=HOW"),
       "how this host's URLs are signed: by a service, https://SIGNER?href={href}, whose host is to be allowed, "
       "too, or "
       "with a token in an environment variable, {href}?{$VARIABLE}; goes before the built-in rules; may be "
       "repeated")  //
      ("ca-file", po::value<std::string>()->value_name("FILE"),
       "certificates that are trusted, PEM; default: those of the system")  //
      ("http-timeout", po::value<int>()->value_name("S")->default_value(60),
       "longest time of one attempt at a request, seconds, 1..3600")  //
      ("http-deadline", po::value<int>()->value_name("S")->default_value(1800),
       "longest time of a request with all its attempts, and of all that is read of one file while it is open, "
       "seconds, "
       "1..86400");
}

void add_delivery_network_options(po::options_description& description, int timeout_s, int deadline_s) {
  description.add_options()  //
      ("allow-host", po::value<Texts>()->value_name("http://HOST[:PORT]"),
       "send to this host without TLS, too; may be repeated")  //
      ("ca-file", po::value<std::string>()->value_name("FILE"),
       "certificates that are trusted, PEM; default: those of the system")  //
      ("http-timeout", po::value<int>()->value_name("S")->default_value(timeout_s),
       "longest time of one attempt at a delivery, seconds, 1..3600")  //
      ("http-deadline", po::value<int>()->value_name("S")->default_value(deadline_s),
       "longest time of a delivery with all its attempts, seconds, 1..86400; a subscription that is not reached by "
       "then "
       "waits for the next call");
}

NetworkOptions read_source_options(const po::variables_map& values) {
  NetworkOptions options = read_network_options(values);
  options.collections = values_of(values, "collection");
  options.memory = values.count("cache") != 0 ? given_cache(values["cache"].as<std::string>()) : usual_cache();
  if (values.count("max-cloud") != 0) {
    options.most_cloud_percent = values["max-cloud"].as<double>();
    if (!(*options.most_cloud_percent >= 0 && *options.most_cloud_percent <= 100)) {
      throw ConfigError("--max-cloud must be 0 to 100");
    }
  }
  return options;
}

NetworkOptions read_network_options(const po::variables_map& values) {
  NetworkOptions options;
  for (const std::string& host : values_of(values, "allow-host")) allow_host(host, options.remote);
  for (const std::string& bucket : values_of(values, "allow-bucket")) allow_bucket(bucket, options.remote);
  std::vector<SigningRule> signing;
  for (const std::string& rule : values_of(values, "sign")) signing.push_back(signing_rule_of(rule));
  options.remote.signing.insert(options.remote.signing.begin(), signing.begin(), signing.end());
  options.http.jitter_seed = std::random_device{}();
  if (values.count("ca-file") != 0) options.http.ca_file = values["ca-file"].as<std::string>();
  check_ca_file(options.http);
  const int timeout_s = values["http-timeout"].as<int>();
  if (timeout_s < 1 || timeout_s > longest_timeout_s) throw ConfigError("--http-timeout must be 1 to 3600");
  const int deadline_s = values["http-deadline"].as<int>();
  if (deadline_s < 1 || deadline_s > longest_deadline_s) throw ConfigError("--http-deadline must be 1 to 86400");
  options.http.deadline = std::chrono::seconds(deadline_s);
  options.http.total_timeout = std::chrono::seconds(timeout_s);
  options.http.connect_timeout = std::min(options.http.connect_timeout, options.http.total_timeout);
  options.http.stall_timeout = std::min(options.http.stall_timeout, options.http.total_timeout);
  return options;
}

}  // namespace pitwatch::tools
