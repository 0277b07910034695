# SPDX-License-Identifier: BSD-2-Clause
# Compiler and linker flags of everything built here: the language, warnings,
# sanitizers, hardening. A flag that this compiler does not know is left out.

include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)

# add_flags(FLAG...) compiles with each FLAG that the compiler takes.
function(add_flags)
    foreach(flag ${ARGN})
        string(MAKE_C_IDENTIFIER "takes${flag}" known)
        check_c_compiler_flag(${flag} ${known})
        if(${known})
            add_compile_options(${flag})
        endif()
    endforeach()
endfunction()

# link_flags(FLAG...) links with each FLAG that the linker takes.
function(link_flags)
    foreach(flag ${ARGN})
        string(MAKE_C_IDENTIFIER "links${flag}" known)
        check_linker_flag(C ${flag} ${known})
        if(${known})
            add_link_options(${flag})
        endif()
    endforeach()
endfunction()

# POSIX and what every Unix has beside it. A file that wraps an extra of the
# GNU library defines _GNU_SOURCE itself.
add_compile_definitions(_POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)

add_flags(
    -Wall -Wextra -Wconversion
    -Wbad-function-cast -Wcast-align -Wcast-qual -Wdouble-promotion
    -Wduplicated-branches -Wduplicated-cond -Wformat=2 -Wimplicit-fallthrough
    -Wlogical-op -Wmissing-declarations -Wmissing-prototypes
    -Wnested-externs -Wold-style-definition -Wpointer-arith
    -Wredundant-decls -Wshadow -Wstrict-prototypes -Wundef -Wvla
    -Wwrite-strings)
if(BONAFIDE_WERROR)
    add_compile_options(-Werror)
endif()

if(BONAFIDE_SANITIZE)
    add_compile_options(-fsanitize=${BONAFIDE_SANITIZE}
                        -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${BONAFIDE_SANITIZE})
else()
    # Worker threads have small stacks; sanitizers make frames larger.
    add_flags(-Wframe-larger-than=6144)
endif()

if(BONAFIDE_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "BONAFIDE_FUZZ: libFuzzer needs clang, "
                            "this is ${CMAKE_C_COMPILER}")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

link_flags(-Wl,--as-needed)

# A release is the same bytes wherever it is built: no path of the machine goes
# into debug information or __FILE__.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_flags(
        -fdebug-prefix-map=${PROJECT_BINARY_DIR}=${BONAFIDE_DEBUG_SOURCES}/build
        -fdebug-prefix-map=${PROJECT_SOURCE_DIR}=${BONAFIDE_DEBUG_SOURCES}
        -fmacro-prefix-map=${PROJECT_BINARY_DIR}=build
        -fmacro-prefix-map=${PROJECT_SOURCE_DIR}=.)
endif()

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
check_pie_supported(LANGUAGES C)

if(BONAFIDE_HARDEN AND NOT BONAFIDE_SANITIZE)
    add_flags(-fstack-protector-strong -fstack-clash-protection)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|i.86")
        add_flags(-fcf-protection=full)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
        add_flags(-mbranch-protection=standard)
    endif()
    link_flags(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
    if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")      # it needs an optimiser
        add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    endif()
endif()
