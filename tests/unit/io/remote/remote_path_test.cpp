// URLs that come from outside: what is let through, how it is opened, signed and shown.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

RemotePolicy policy_of(std::vector<std::string> schemes, std::vector<std::string> hosts) {
  RemotePolicy policy;
  policy.schemes = std::move(schemes);
  policy.hosts = std::move(hosts);
  return policy;
}

bool is_allowed(const std::string& url, const RemotePolicy& policy) {
  try {
    check_allowed(url, policy);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

TEST(RemoteUrl, Parts) {
  const RemoteUrl url = parse_remote_url("HTTPS://Data.Example.org:8443/a/B%20c.tif?x=1&y=/2#part");
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "data.example.org");
  EXPECT_EQ(url.port, "8443");
  EXPECT_EQ(url.path, "/a/B%20c.tif");
  EXPECT_EQ(url.query, "x=1&y=/2");
  EXPECT_EQ(parse_remote_url("https://a.org:443/b").port, "");
  EXPECT_EQ(parse_remote_url("http://a.org:80/b").port, "");
  EXPECT_EQ(parse_remote_url("https://a.org").path, "/");
  EXPECT_EQ(parse_remote_url("https://[::1]:81/b").host, "[::1]");
  EXPECT_EQ(parse_remote_url("https://[::1]:81/b").port, "81");
  const RemoteUrl bucket = parse_remote_url("s3://eodata/Sentinel-2/B04.jp2");
  EXPECT_EQ(bucket.host, "eodata");
  EXPECT_EQ(bucket.path, "/Sentinel-2/B04.jp2");
}

TEST(RemoteUrl, WhatNoHonestHrefHas) {
  const struct {
    std::string url;
    const char* reason;
  } cases[] = {
      {"ftp://a.org/b", "scheme"},
      {"file:///etc/passwd", "scheme"},
      {"/etc/passwd", "not a URL"},
      {"https:/a.org/b", "not a URL"},
      {"https://user:word@a.org/b", "user or password"},
      {"https://user@a.org/b", "user or password"},
      {"https:///b", "host"},
      {"https://a..org/b", "host"},
      {"https://a.org./b", "host"},
      {"https://a%2eorg/b", "host"},
      {"https://a.org:/b", "port"},
      {"https://a.org:0/b", "port"},
      {"https://a.org:65536/b", "port"},
      {"https://a.org:8o/b", "port"},
      {"https://[::1/b", "host"},
      {"https://a.org/../b", "'..'"},
      {"https://a.org/c/%2E%2e/b", "'..'"},
      {"https://a.org/c%2f..%2fb", "'..'"},
      {"s3://bucket/a/../../other/b", "'..'"},
      {"s3://bucket", "not of a file"},
      {"s3://bucket/", "not of a file"},
      {"https://a.org/b c", "characters"},
      {"https://a.org/b\n", "characters"},
      {"https://a.org/b\\c", "characters"},
      {"https://a.org/b%00", "characters"},
      {"https://a.org/b%5c..", "characters"},
      {"https://a.org/" + std::string(5000, 'a'), "4096"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(message_of<DataError>([&] { parse_remote_url(c.url); }), HasSubstr(c.reason)) << c.url;
  }
}

TEST(RemotePolicy, Patterns) {
  const RemotePolicy policy = policy_of({"https"}, {"data.example.org", "*.eu", "a.org:8443"});
  EXPECT_TRUE(is_allowed("https://data.example.org/x", policy));
  EXPECT_TRUE(is_allowed("https://DATA.example.org:443/x", policy));
  EXPECT_TRUE(is_allowed("https://deep.copernicus.eu/x", policy));
  EXPECT_TRUE(is_allowed("https://a.org:8443/x", policy));
  for (const char* url :
       {"https://example.org/x", "https://data.example.org.evil.com/x", "https://eu/x",
        "https://data.example.org:8443/x", "https://a.org/x", "https://evil.com/data.example.org",
        "https://evil.com?x=.eu", "https://evil.com#.eu", "http://data.example.org/x", "s3://data.example.org/x"}) {
    EXPECT_FALSE(is_allowed(url, policy)) << url;
  }
  EXPECT_FALSE(is_allowed("https://data.example.org/x", RemotePolicy{}));
  EXPECT_TRUE(is_allowed("https://a-b-c.org/x", policy_of({"https"}, {"a*b*c.org"})));
  EXPECT_FALSE(is_allowed("https://ab.org/x", policy_of({"https"}, {"a*b*b.org"})));
}

TEST(RemotePolicy, TheMachinesSurroundingsMustBeNamed) {
  const RemotePolicy all = policy_of({"https", "http"}, {"*"});
  EXPECT_TRUE(is_allowed("https://a.org/x", all));
  for (const char* host : {"127.0.0.1", "10.0.0.8", "169.254.169.254", "2130706433", "0x7f000001", "0x7f.1", "127.1",
                           "017700000001", "[::1]", "[::ffff:127.0.0.1]", "localhost", "a.localhost", "printer.local",
                           "metadata.google.internal", "server", "8.8.8.8"}) {
    const std::string url = std::string("http://") + host + "/x";
    EXPECT_FALSE(is_allowed(url, all)) << host;
    EXPECT_TRUE(is_allowed(url, policy_of({"http"}, {host}))) << host;
  }
  EXPECT_TRUE(is_allowed("http://127.0.0.1:8080/x", policy_of({"http"}, {"127.0.0.1:8080"})));
  EXPECT_FALSE(is_allowed("http://127.0.0.1:8081/x", policy_of({"http"}, {"127.0.0.1:8080", "127.0.0.1"})));
}

TEST(RemotePolicy, DefaultsAreThePublicProviders) {
  const RemotePolicy policy = default_remote_policy();
  EXPECT_EQ(gdal_path("https://sentinel-cogs.s3.us-west-2.amazonaws.com/a/B04.tif", policy),
            "/vsipitwatch/https://sentinel-cogs.s3.us-west-2.amazonaws.com/a/B04.tif");
  EXPECT_EQ(gdal_path("https://sentinel2l2a01.blob.core.windows.net/a/B04.tif?sv=1&sig=x%2B", policy),
            "/vsipitwatch/https://sentinel2l2a01.blob.core.windows.net/a/B04.tif?sv=1&sig=x%2B");
  EXPECT_EQ(gdal_path("s3://eodata/a/B04.jp2#x", policy), "/vsis3/eodata/a/B04.jp2");
  EXPECT_EQ(endpoint_of("s3://eodata/a/B04.jp2", policy), "eodata.dataspace.copernicus.eu");
  EXPECT_EQ(endpoint_of("s3://sentinel-s2-l1c/a/B04.jp2", policy), "");
  EXPECT_EQ(gdal_path("/data/B04.tif", policy), "/data/B04.tif");
  EXPECT_EQ(gdal_path("./B04.tif", policy), "./B04.tif");
  EXPECT_THAT(message_of<DataError>([&] { gdal_path("https://evil.com/B04.tif?sig=secret", policy); }),
              AllOf(HasSubstr("host 'evil.com' is not allowed"), Not(HasSubstr("secret"))));
  EXPECT_THAT(message_of<DataError>([&] { gdal_path("s3://other/B04.tif", policy); }),
              HasSubstr("bucket 'other' is not allowed"));
  EXPECT_THAT(message_of<DataError>([&] { gdal_path("http://sentinel-cogs.s3.us-west-2.amazonaws.com/a", policy); }),
              HasSubstr("scheme 'http' is not allowed"));
}

TEST(ResolveUrl, References) {
  const std::string base = "https://a.org:8443/stac/items/item.json?token=x";
  EXPECT_EQ(resolve_url(base, "B04.tif"), "https://a.org:8443/stac/items/B04.tif");
  EXPECT_EQ(resolve_url(base, "./x/B04.tif?v=1#f"), "https://a.org:8443/stac/items/x/B04.tif?v=1");
  EXPECT_EQ(resolve_url(base, "../../B04.tif"), "https://a.org:8443/B04.tif");
  EXPECT_EQ(resolve_url(base, "../../../../B04.tif"), "https://a.org:8443/B04.tif");
  EXPECT_EQ(resolve_url(base, "/B04.tif"), "https://a.org:8443/B04.tif");
  EXPECT_EQ(resolve_url(base, "https://b.org/B04.tif"), "https://b.org/B04.tif");
  EXPECT_EQ(resolve_url("s3://bucket/x/item.json", "../B04.tif"), "s3://bucket/B04.tif");
  EXPECT_EQ(resolve_url(base, "?x=1&y"), "https://a.org:8443/stac/items/item.json?x=1&y");
  EXPECT_EQ(resolve_url(base, "//b.org/x?y"), "https://b.org/x?y");
  EXPECT_EQ(resolve_url("http://a.org/x", "//b.org:81/y"), "http://b.org:81/y");
  for (const char* reference : {"", "#x", "//", "///x", "//u:p@b.org/x", "ftp://b.org/x", "https://u:p@b.org/x"}) {
    EXPECT_THROW(resolve_url(base, reference), DataError) << reference;
  }
}

TEST(Signing, Rules) {
  const RemotePolicy policy = default_remote_policy();
  const std::string url = "https://sentinel2l2a01.blob.core.windows.net/a/B04.tif";
  const SigningRule* rule = signing_rule(url, policy);
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(signer_request(*rule, url + "?a=b c#x"),
            "https://planetarycomputer.microsoft.com/api/sas/v1/sign?href="
            "https%3A%2F%2Fsentinel2l2a01.blob.core.windows.net%2Fa%2FB04.tif%3Fa%3Db%20c");
  EXPECT_EQ(signing_rule(url + "?sv=2&SIG=abc", policy), nullptr);
  EXPECT_EQ(signing_rule(url + "?X-Amz-Signature=abc", policy), nullptr);
  EXPECT_NE(signing_rule(url + "?design=abc", policy), nullptr);
  EXPECT_EQ(signing_rule("https://sentinel-cogs.s3.us-west-2.amazonaws.com/a", policy), nullptr);
  EXPECT_EQ(signing_rule("s3://sentinel2l2a01.blob.core.windows.net/a", policy), nullptr);
  SigningRule broken = *rule;
  broken.signer = "https://a.org/sign";
  EXPECT_THROW(signer_request(broken, url), ConfigError);
  broken.signer = "http://a.org/sign?href={href}";
  EXPECT_THROW(signer_request(broken, url), ConfigError);
}

TEST(Signing, Template) {
  SigningRule rule{"*.windows.net", "{href}?{token}", "PITWATCH_TOKEN", ""};
  EXPECT_EQ(signed_url(rule, "https://x.windows.net/a#f", "sv=1&sig=z"), "https://x.windows.net/a?sv=1&sig=z");
  EXPECT_EQ(signed_url(rule, "https://x.windows.net/a", "?sig=z"), "https://x.windows.net/a?sig=z");
  EXPECT_EQ(signed_url(rule, "https://x.windows.net/a?b=1", "sig=z"), "https://x.windows.net/a?b=1&sig=z");
  // What stands in an href is not replaced.
  EXPECT_EQ(signed_url(rule, "https://x.windows.net/{token}", "sig=z"), "https://x.windows.net/{token}?sig=z");
  EXPECT_THAT(message_of<DataError>([&] { signed_url(rule, "https://x.windows.net/a", ""); }),
              HasSubstr("PITWATCH_TOKEN"));
  for (const char* token : {"sig=a b", "sig=a\r\nX: y", "sig=a#b"}) {
    EXPECT_THAT(message_of<DataError>([&] { signed_url(rule, "https://x.windows.net/a", token); }),
                AllOf(HasSubstr("PITWATCH_TOKEN"), Not(HasSubstr("sig"))))
        << token;
  }
  rule.token_template = "https://evil.com/?{href}&{token}";
  EXPECT_THROW(signed_url(rule, "https://x.windows.net/a", "sig=z"), DataError);
  for (const char* text : {"{href}", "{token}", ""}) {
    rule.token_template = text;
    EXPECT_THROW(signed_url(rule, "https://x.windows.net/a", "sig=z"), ConfigError) << text;
  }
}

TEST(Redacted, NothingSecretIsLeft) {
  EXPECT_EQ(redacted("https://a.org/b.tif"), "https://a.org/b.tif");
  EXPECT_EQ(redacted("https://a.org:8443/b.tif?sig=secret#x"), "https://a.org:8443/b.tif?...");
  EXPECT_EQ(redacted("/vsicurl/https://a.org/b.tif?sig=secret"), "/vsicurl/https://a.org/b.tif?...");
  EXPECT_EQ(redacted("GDAL: 'https://u:secret@a.org/b?c' failed, and s3://b/k too"),
            "GDAL: 'https://a.org/b?...' failed, and s3://b/k too");
  EXPECT_EQ(redacted("https://u:sec/ret@a.org/b"), "https://a.org/b");
  EXPECT_EQ(redacted("https://a.org/b#secret"), "https://a.org/b?...");
  EXPECT_EQ(redacted("x https://a.org/sign?href=https://b.org/c?sig=secret, y"), "x https://a.org/sign?... y");
  EXPECT_EQ(redacted("https://a.org/Products(1)/$value"), "https://a.org/Products(1)/$value");
  EXPECT_EQ(redacted("https://a.org/b@2x.tif"), "https://a.org/b@2x.tif");
  EXPECT_EQ(redacted("/data/what?.tif"), "/data/what?.tif");
  EXPECT_EQ(redacted("://"), "://");
  EXPECT_EQ(redacted(""), "");
}

}  // namespace
}  // namespace pitwatch
