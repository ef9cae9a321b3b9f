#include "pipeline/core/error.hpp"

#include <algorithm>

#include "pipeline/core/interrupt.hpp"

namespace pitwatch {
namespace {

void append_chain(const std::exception& error, std::string& text) {
  if (!text.empty()) text += ": ";
  text += error.what();
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    append_chain(inner, text);
  } catch (...) {
    text += ": unknown error";
  }
}

}  // namespace

std::string error_chain(const std::exception& error) {
  std::string text;
  append_chain(error, text);
  // Messages of other libraries may hold line breaks; one error is one line.
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\r', ' ');
  return text;
}

void rethrow_with_context(const std::string& context) {
  try {
    throw;
  } catch (const ConfigError&) {
    std::throw_with_nested(ConfigError(context));
  } catch (const UnavailableError&) {
    std::throw_with_nested(UnavailableError(context));
  } catch (const DataError&) {
    std::throw_with_nested(DataError(context));
  } catch (const IoError&) {
    std::throw_with_nested(IoError(context));
  } catch (const BusyError&) {
    std::throw_with_nested(BusyError(context));
  } catch (const Interrupted&) {
    throw;  // where it was has no meaning
  } catch (...) {
    std::throw_with_nested(std::runtime_error(context));
  }
}

}  // namespace pitwatch
