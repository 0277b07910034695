# SPDX-License-Identifier: BSD-2-Clause
# Installs the policies and MTA snippets of config/, and the manual pages that
# lie beside what they describe.

file(GLOB config_files CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/config/*.yaml
     ${PROJECT_SOURCE_DIR}/config/*.cf
     ${PROJECT_SOURCE_DIR}/config/*.mc)
install(FILES ${config_files} DESTINATION ${BONAFIDE_CONFIG_DIR})

foreach(section 1 5 8)
    file(GLOB pages CONFIGURE_DEPENDS
         ${PROJECT_SOURCE_DIR}/config/*.${section}
         ${PROJECT_SOURCE_DIR}/milter/*.${section})
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
