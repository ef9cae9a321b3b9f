# AddressSanitizer and UndefinedBehaviorSanitizer over everything.
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(PITWATCH_SANITIZE "address,undefined" CACHE STRING "")
