#include "pipeline/io/remote/remote_path.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/remote/http_files.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t longest_url = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

[[noreturn]] void refuse(const std::string& reason, std::string_view url) {
  throw DataError(reason + ": " + redacted(url));
}

/// Where "://" of a URL that begins at 0 stands.
std::optional<std::size_t> scheme_end(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text[0])) return std::nullopt;
  const bool valid = std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  return valid ? std::optional(colon) : std::nullopt;
}

/// What a URL may hold: no white space, control characters, quotes, backslashes and angle brackets.
bool is_url_character(char c) {
  const auto value = static_cast<unsigned char>(c);
  return value > 0x20 && value != 0x7f && c != '"' && c != '\'' && c != '`' && c != '\\' && c != '<' && c != '>';
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    if (end == text.size()) return parts;
    begin = end + 1;
  }
}

/// A name of letters, digits, '-' and '_' in labels between dots, or an IPv6 address in brackets.
bool is_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
      return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
    });
  }
  const auto labels = split(host, '.');
  return std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
    return !label.empty() && std::all_of(label.begin(), label.end(),
                                         [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
  });
}

/// A place in the machine's own surroundings, or an address in any notation: a last label that is a number makes one
/// (WHATWG URL Standard, "ends in a number").
bool is_address_or_local(std::string_view host) {
  if (host.front() == '[') return true;
  const auto labels = split(host, '.');
  const std::string_view last = labels.back();
  const bool number = std::all_of(last.begin(), last.end(), is_digit) ||
                      (last.starts_with("0x") && std::all_of(last.begin() + 2, last.end(),
                                                             [](unsigned char c) { return std::isxdigit(c) != 0; }));
  return number || labels.size() == 1 || last == "localhost" || last == "local" || last == "internal";
}

/// '*' stands for any run of characters.
bool matches(std::string_view pattern, std::string_view text) {
  const auto parts = split(pattern, '*');
  if (parts.size() == 1) return pattern == text;
  if (!text.starts_with(parts.front())) return false;
  std::size_t place = parts.front().size();
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    place = text.find(parts[i], place);
    if (place == std::string_view::npos) return false;
    place += parts[i].size();
  }
  return text.size() >= place + parts.back().size() && text.ends_with(parts.back());
}

std::string host_and_port(const RemoteUrl& url) { return url.port.empty() ? url.host : url.host + ":" + url.port; }

bool host_matches(std::string_view pattern, const RemoteUrl& url) {
  const bool exact = pattern.find('*') == std::string_view::npos;
  return (exact || !is_address_or_local(url.host)) && matches(lower_ascii(pattern), host_and_port(url));
}

const BucketRule* bucket_rule(const RemoteUrl& url, const RemotePolicy& policy) {
  const auto rule = std::find_if(policy.buckets.begin(), policy.buckets.end(),
                                 [&](const BucketRule& candidate) { return matches(candidate.name, url.host); });
  return rule == policy.buckets.end() ? nullptr : &*rule;
}

RemoteUrl allowed(const std::string& text, const RemotePolicy& policy) {
  RemoteUrl url = parse_remote_url(text);
  if (std::find(policy.schemes.begin(), policy.schemes.end(), url.scheme) == policy.schemes.end()) {
    refuse("scheme '" + url.scheme + "' is not allowed", text);
  }
  if (url.scheme == "s3") {
    if (bucket_rule(url, policy) == nullptr) refuse("bucket '" + url.host + "' is not allowed", text);
  } else if (std::none_of(policy.hosts.begin(), policy.hosts.end(),
                          [&](const std::string& pattern) { return host_matches(pattern, url); })) {
    refuse("host '" + host_and_port(url) + "' is not allowed", text);
  }
  return url;
}

bool is_signed(const RemoteUrl& url) {
  const auto members = split(url.query, '&');
  return std::any_of(members.begin(), members.end(), [](std::string_view member) {
    const std::string key = lower_ascii(member.substr(0, member.find('=')));
    return key == "sig" || key == "x-amz-signature" || key == "signature";
  });
}

std::string without_fragment(const std::string& url) { return url.substr(0, url.find('#')); }

/// `text` with each name replaced by its value, in one pass: values are not searched.
std::string filled(std::string_view text, const std::vector<std::pair<std::string_view, std::string_view>>& values) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const auto value = std::find_if(values.begin(), values.end(),
                                    [&](const auto& entry) { return text.substr(i).starts_with(entry.first); });
    if (value != values.end()) {
      result += value->second;
      i += value->first.size();
    } else {
      result += text[i++];
    }
  }
  return result;
}

/// Whether a text ends where a URL begins in a name of gdal_path(): in front of it stands no part of another word,
/// which would become one with the scheme.
bool ends_with_name_of_files(std::string_view text) {
  if (!text.ends_with(http_files_prefix)) return false;
  text.remove_suffix(std::strlen(http_files_prefix));
  return text.empty() || !(is_letter(text.back()) || is_digit(text.back()));
}

/// One URL, cut down; `url` begins with its scheme.
std::string redacted_url(std::string_view url) {
  const std::size_t begin = url.find("://") + 3;
  const std::size_t query = std::min(url.find_first_of("?#", begin), url.size());
  std::string_view rest = url.substr(begin, query - begin);
  // What is left may begin with a user and a password again.
  for (std::size_t at = 0; at != std::string_view::npos;) {
    const std::string_view authority = rest.substr(0, rest.find('/'));
    // A password may hold a slash, against the rules: then what looks like a port is none.
    const std::size_t colon = authority.find(':');
    const bool odd_port =
        colon != std::string_view::npos && authority.front() != '[' &&
        !std::all_of(authority.begin() + static_cast<std::ptrdiff_t>(colon) + 1, authority.end(), is_digit);
    at = (odd_port ? rest : authority).rfind('@');
    if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  }
  return std::string(url.substr(0, begin)).append(rest).append(query < url.size() ? "?..." : "");
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* const begin = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(begin, begin + 2, value, 16).ptr == begin + 2) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    if (is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      result += c;
    } else {
      const auto value = static_cast<unsigned char>(c);
      result += {'%', digits[value >> 4U], digits[value & 15U]};
    }
  }
  return result;
}

RemotePolicy default_remote_policy() {
  constexpr const char* planetary_computer = "sentinel2l2a01.blob.core.windows.net";
  RemotePolicy policy;
  policy.schemes = {"https", "s3"};
  policy.hosts = {
      "sentinel-cogs.s3.us-west-2.amazonaws.com",                   // Earth Search v0 and v1
      "e84-earth-search-sentinel-data.s3.us-west-2.amazonaws.com",  // Earth Search, Collection 1
      "download.dataspace.copernicus.eu",
      "zipper.dataspace.copernicus.eu",
      "eodata.dataspace.copernicus.eu",
      planetary_computer,
  };
  policy.buckets = {
      {"sentinel-cogs", ""},   {"e84-earth-search-sentinel-data", ""},
      {"sentinel-s2-l1c", ""},  // ESA's JPEG 2000 files, to which Earth Search links
      {"sentinel-s2-l2a", ""}, {"eodata", "eodata.dataspace.copernicus.eu"},
  };
  policy.signing = {
      {planetary_computer, "", "", "https://planetarycomputer.microsoft.com/api/sas/v1/sign?href={href}"}};
  return policy;
}

bool is_url(std::string_view text) { return scheme_end(text).has_value(); }

RemoteUrl parse_remote_url(std::string_view text) {
  if (text.size() > longest_url) throw DataError("URL of more than " + std::to_string(longest_url) + " bytes");
  const auto colon = scheme_end(text);
  if (!colon) refuse("not a URL", text);
  RemoteUrl url;
  url.scheme = lower_ascii(text.substr(0, *colon));
  if (url.scheme != "https" && url.scheme != "http" && url.scheme != "s3") refuse("scheme not supported", text);
  if (!std::all_of(text.begin(), text.end(), is_url_character)) refuse("URL with characters that none has", text);

  std::string_view rest = text.substr(*colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t query = std::min(rest.find('?'), rest.size());
  if (query < rest.size()) url.query = rest.substr(query + 1);
  rest = rest.substr(0, query);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  url.path = slash < rest.size() ? rest.substr(slash) : "/";

  if (authority.find('@') != std::string_view::npos) refuse("URL with a user or password", text);
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (const std::size_t mark = authority.find(':', std::min(bracket, authority.size()));
      mark != std::string_view::npos && url.scheme != "s3") {
    const std::string_view port = authority.substr(mark + 1);
    int number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535) {
      refuse("URL with a malformed port", text);
    }
    if (number != (url.scheme == "https" ? 443 : 80)) url.port = std::to_string(number);
    authority = authority.substr(0, mark);
  }
  if (authority.empty() || !is_host(authority)) refuse("URL with a malformed host", text);
  url.host = url.scheme == "s3" ? std::string(authority) : lower_ascii(authority);
  if (url.scheme == "s3" && url.path.size() < 2) refuse("URL of a bucket, not of a file", text);

  const std::string decoded = percent_decoded(url.path);
  if (!std::all_of(decoded.begin(), decoded.end(), [](char c) { return is_url_character(c) || c == ' '; })) {
    refuse("URL with characters that none has", text);
  }
  for (const std::string_view segment : split(decoded, '/')) {
    if (segment == "..") refuse("URL with '..'", text);
  }
  return url;
}

std::string resolve_url(const std::string& base, const std::string& reference) {
  if (is_url(reference)) {
    parse_remote_url(reference);
    return without_fragment(reference);
  }
  const RemoteUrl from = parse_remote_url(base);
  if (reference.empty() || reference.starts_with('#')) refuse("not a reference to a file", reference);
  if (reference.starts_with("//")) return resolve_url(base, from.scheme + ":" + reference);
  const std::size_t mark = std::min(reference.find_first_of("?#"), reference.size());
  const std::string path = mark == 0 ? from.path : reference.substr(0, mark);
  std::vector<std::string_view> segments;
  const std::string joined = path[0] == '/' ? path : from.path.substr(0, from.path.rfind('/') + 1) + path;
  for (const std::string_view segment : split(std::string_view(joined).substr(1), '/')) {
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string url = from.scheme + "://" + host_and_port(from);
  for (const std::string_view segment : segments) url.append("/").append(segment);
  url = without_fragment(url + reference.substr(mark));
  parse_remote_url(url);
  return url;
}

void check_allowed(const std::string& url, const RemotePolicy& policy) { allowed(url, policy); }

std::string gdal_path(const std::string& path_or_url, const RemotePolicy& policy) {
  if (!is_url(path_or_url)) return path_or_url;
  const RemoteUrl url = allowed(path_or_url, policy);
  if (url.scheme == "s3") return "/vsis3/" + url.host + url.path;
  return http_files_prefix + url.scheme + "://" + host_and_port(url) + url.path +
         (url.query.empty() ? "" : "?" + url.query);
}

bool is_on_network(std::string_view gdal_name) {
  return gdal_name.starts_with(http_files_prefix) || gdal_name.starts_with("/vsis3/");
}

std::string endpoint_of(const std::string& text, const RemotePolicy& policy) {
  const RemoteUrl url = allowed(text, policy);
  return url.scheme == "s3" ? bucket_rule(url, policy)->endpoint : std::string{};
}

const SigningRule* signing_rule(const std::string& text, const RemotePolicy& policy) {
  const RemoteUrl url = parse_remote_url(text);
  if (url.scheme == "s3" || is_signed(url)) return nullptr;
  const auto rule = std::find_if(policy.signing.begin(), policy.signing.end(),
                                 [&](const SigningRule& candidate) { return host_matches(candidate.host, url); });
  return rule == policy.signing.end() ? nullptr : &*rule;
}

std::string signed_url(const SigningRule& rule, const std::string& text, std::string_view token) {
  for (const char* name : {"{href}", "{token}"}) {
    if (rule.token_template.find(name) == std::string::npos) {
      throw ConfigError("signing template without " + std::string(name) + ", for " + rule.host);
    }
  }
  if (token.starts_with('?')) token.remove_prefix(1);
  if (token.empty()) throw DataError("no token to sign URLs of " + rule.host + ", from " + rule.token_variable);
  if (!std::all_of(token.begin(), token.end(), is_url_character) || token.find('#') != std::string_view::npos) {
    throw DataError("token with characters that no query has, from " + rule.token_variable);
  }
  const RemoteUrl url = parse_remote_url(text);
  const std::string href = without_fragment(text);
  const std::string more = "&" + std::string(token);
  std::string result = url.query.empty()
                           ? filled(rule.token_template, {{"{href}", href}, {"{token}", token}})
                           : filled(rule.token_template, {{"{href}", href}, {"?{token}", more}, {"{token}", token}});
  const RemoteUrl made = parse_remote_url(result);
  if (made.scheme != url.scheme || host_and_port(made) != host_and_port(url)) {
    refuse("signing changes the host", text);
  }
  return result;
}

std::string signer_request(const SigningRule& rule, const std::string& url) {
  if (rule.signer.find("{href}") == std::string::npos) throw ConfigError("signer without {href}, for " + rule.host);
  if (!rule.signer.starts_with("https://")) throw ConfigError("signer that is no https URL, for " + rule.host);
  const std::string encoded = percent_encoded(without_fragment(url));
  return filled(rule.signer, {{"{href}", encoded}});
}

std::string redacted(std::string_view text) {
  std::string result;
  std::size_t done = 0;
  for (std::size_t mark = text.find("://"); mark != std::string_view::npos; mark = text.find("://", mark)) {
    std::size_t begin = mark;
    while (begin > done && (is_letter(text[begin - 1]) || is_digit(text[begin - 1]))) --begin;
    std::size_t end = mark;
    while (end < text.size() && is_url_character(text[end])) ++end;
    std::string_view between = text.substr(done, begin - done);
    while (ends_with_name_of_files(between)) between.remove_suffix(std::strlen(http_files_prefix));
    result.append(between).append(redacted_url(text.substr(begin, end - begin)));
    done = mark = end;
  }
  return result.append(text.substr(done));
}

}  // namespace pitwatch
