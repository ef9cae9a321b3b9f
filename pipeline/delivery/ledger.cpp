#include "pipeline/delivery/ledger.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int ledger_format = 1;
constexpr std::uint64_t largest_ledger_bytes = std::uint64_t{256} << 20;
constexpr int most_of_a_kind = 1'000'000;

[[noreturn]] void fail(const char* what) { throw DataError(std::string("no ledger of deliveries: ") + what); }

const json& member(const json& object, const char* key) {
  if (!object.is_object()) fail("an object is missing");
  const auto found = object.find(key);
  if (found == object.end()) fail(key);
  return *found;
}

std::string text_of(const json& object, const char* key) {
  const json& value = member(object, key);
  if (!value.is_string()) fail(key);
  return value.get<std::string>();
}

std::optional<Instant> instant_of(const json& object, const char* key) {
  if (!object.contains(key)) return std::nullopt;
  return parse_instant(text_of(object, key));
}

NewsKind kind_of(const std::string& text) {
  const auto* const found = std::find(news_kind_names.begin(), news_kind_names.end(), text);
  if (found == news_kind_names.end()) fail("an event that is not known");
  return static_cast<NewsKind>(found - news_kind_names.begin());
}

NewsDone done_of(const json& object) {
  NewsDone done;
  if (!object.is_object()) fail("done");
  for (const auto& [key, value] : object.items()) {
    const NewsKind kind = kind_of(key);
    if (kind == NewsKind::reviewed) {
      if (!value.is_array()) fail("reviewed");
      for (const json& each : value) {
        if (!each.is_string()) fail("reviewed");
        done.reviews.insert(each.get<std::string>());
      }
      continue;
    }
    const int count = whole_number_in<int>(value).value_or(-1);
    if (count < 0 || count > most_of_a_kind) fail("a number of events");
    done.counts[static_cast<std::size_t>(kind)] = count;
  }
  return done;
}

MailOnItsWay mail_of(const json& object) {
  MailOnItsWay mail;
  mail.message = text_of(object, "message");
  const json& news = member(object, "news");
  if (!news.is_array()) fail("news");
  for (const json& each : news) {
    NewsEvent event;
    event.kind = kind_of(text_of(each, "event"));
    event.number = text_of(each, "number");
    mail.news.emplace_back(text_of(each, "alert"), event);
  }
  return mail;
}

json json_of(const NewsDone& done) {
  json object = json::object();
  for (std::size_t i = 0; i < done.counts.size(); ++i) {
    if (done.counts[i] > 0) object[std::string(news_kind_names[i])] = done.counts[i];
  }
  if (!done.reviews.empty()) object[std::string(name(NewsKind::reviewed))] = done.reviews;
  return object;
}

std::string text_of(const Ledger& ledger) {
  ordered_json document{{"format", ledger_format},
                        {"subscription", ledger.subscription},
                        {"began", format_instant(ledger.began)},
                        {"delivered", ledger.delivered}};
  if (ledger.last_delivery) document["last_delivery"] = format_instant(*ledger.last_delivery);
  document["problem"] = ledger.problem;
  if (ledger.problem_since) document["problem_since"] = format_instant(*ledger.problem_since);
  if (ledger.on_its_way) {
    ordered_json news = ordered_json::array();
    for (const auto& [id, event] : ledger.on_its_way->news) {
      news.push_back({{"alert", id}, {"event", name(event.kind)}, {"number", event.number}});
    }
    document["on_its_way"] = {{"message", ledger.on_its_way->message}, {"news", news}};
  }
  std::string text = document.dump(1, ' ', false, json::error_handler_t::replace);
  text.erase(text.size() - 2);
  // A line for each alert: people look at it, and with tools that compare lines.
  text += ",\n \"done\": {";
  const char* separator = "\n";
  for (const auto& [id, done] : ledger.done) {
    text += separator + ("  " + json(id).dump(-1, ' ', false, json::error_handler_t::replace)) + ": " +
            json_of(done).dump();
    separator = ",\n";
  }
  return text + "\n }\n}\n";
}

}  // namespace

std::string ledger_path(const std::string& state, const std::string& subscription) {
  return state + "/delivery/" + subscription + ".json";
}

Ledger parse_ledger(const std::string& text, const std::string& subscription) {
  const json document = parse_json(text);
  if (member(document, "format") != ledger_format) fail("of another format");
  Ledger ledger;
  ledger.subscription = text_of(document, "subscription");
  if (ledger.subscription != subscription) fail("it is of another subscription");
  ledger.began = parse_instant(text_of(document, "began"));
  const auto delivered = whole_number_in<std::int64_t>(member(document, "delivered"));
  if (!delivered) fail("delivered");
  ledger.delivered = *delivered;
  ledger.last_delivery = instant_of(document, "last_delivery");
  ledger.problem = text_of(document, "problem");
  ledger.problem_since = instant_of(document, "problem_since");
  if (document.contains("on_its_way")) ledger.on_its_way = mail_of(document.at("on_its_way"));
  const json& done = member(document, "done");
  if (!done.is_object()) fail("done");
  for (const auto& [id, of_alert] : done.items()) ledger.done.emplace(id, done_of(of_alert));
  return ledger;
}

std::optional<Ledger> read_ledger(const std::string& state, const std::string& subscription) {
  const std::string path = ledger_path(state, subscription);
  try {
    const std::optional<std::string> text = read_regular_file(path, largest_ledger_bytes);
    if (!text) return std::nullopt;
    return parse_ledger(*text, subscription);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

std::vector<Ledger> failing_ledgers(const std::string& state) {
  constexpr std::string_view extension = ".json";
  std::vector<Ledger> failing;
  std::error_code none;
  for (std::filesystem::directory_iterator it(state + "/delivery", none), end; it != end; it.increment(none)) {
    const std::string name = it->path().filename().string();
    if (!name.ends_with(extension) || name.starts_with('.')) continue;
    Ledger ledger;
    ledger.subscription = name.substr(0, name.size() - extension.size());
    try {
      if (std::optional<Ledger> known = read_ledger(state, ledger.subscription)) ledger = *std::move(known);
    } catch (const DataError& error) {
      ledger.problem = error.what();
    }
    ledger.done.clear();
    if (!ledger.problem.empty()) failing.push_back(std::move(ledger));
  }
  std::sort(failing.begin(), failing.end(),
            [](const Ledger& a, const Ledger& b) { return a.subscription < b.subscription; });
  return failing;
}

void write_ledger(const std::string& state, const Ledger& ledger) {
  write_file_atomically(ledger_path(state, ledger.subscription), text_of(ledger));
}

}  // namespace pitwatch
