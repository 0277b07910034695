# SPDX-License-Identifier: BSD-2-Clause
# Finds the libraries under Bonafide. What is missing is said once, all
# together, with the names of the packages that bring it.

set(BONAFIDE_MISSING "")

macro(library_missing what debian fedora)
    string(APPEND BONAFIDE_MISSING
           "  ${what}: Debian package ${debian}, Fedora package ${fedora}\n")
endmacro()

# find_library_by_pkg_config(NAME MODULE DEBIAN FEDORA) makes the target
# PkgConfig::NAME from the pkg-config MODULE, which may hold a version.
macro(find_library_by_pkg_config name module debian fedora)
    if(PkgConfig_FOUND)
        pkg_check_modules(${name} QUIET IMPORTED_TARGET "${module}")
    endif()
    if(NOT ${name}_FOUND)
        library_missing("${module}" ${debian} ${fedora})
    endif()
endmacro()

# libmilter brings no .pc file on Debian.
macro(find_milter)
    find_path(MILTER_INCLUDE_DIR libmilter/mfapi.h)
    find_library(MILTER_LIBRARY milter)
    mark_as_advanced(MILTER_INCLUDE_DIR MILTER_LIBRARY)
    if(MILTER_INCLUDE_DIR AND MILTER_LIBRARY)
        add_library(milter UNKNOWN IMPORTED)
        set_target_properties(milter PROPERTIES
            IMPORTED_LOCATION ${MILTER_LIBRARY}
            INTERFACE_INCLUDE_DIRECTORIES ${MILTER_INCLUDE_DIR})
        target_link_libraries(milter INTERFACE Threads::Threads)
    else()
        library_missing(libmilter libmilter-dev sendmail-milter-devel)
    endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)
if(NOT PkgConfig_FOUND)
    library_missing("pkg-config (without it none of the next is found)"
                    pkg-config pkgconf-pkg-config)
endif()

find_library_by_pkg_config(EVENT "libevent >= 2.1"
                           libevent-dev libevent-devel)
find_library_by_pkg_config(EVENT_PTHREADS "libevent_pthreads >= 2.1"
                           libevent-dev libevent-devel)
find_library_by_pkg_config(LDNS "ldns >= 1.7" libldns-dev ldns-devel)
find_library_by_pkg_config(YAML "yaml-0.1 >= 0.2" libyaml-dev libyaml-devel)
find_library_by_pkg_config(IDN2 "libidn2 >= 2.0" libidn2-dev libidn2-devel)
find_library_by_pkg_config(PSL "libpsl" libpsl-dev libpsl-devel)
find_library_by_pkg_config(OPENSSL "openssl >= 3.0"
                           libssl-dev openssl-devel)
find_milter()
if(BONAFIDE_TESTS)
    find_library_by_pkg_config(CMOCKA "cmocka >= 1.1"
                               libcmocka-dev libcmocka-devel)
endif()

if(BONAFIDE_MISSING)
    message(FATAL_ERROR "Libraries are missing:\n${BONAFIDE_MISSING}"
            "Install them and run cmake again.")
endif()
