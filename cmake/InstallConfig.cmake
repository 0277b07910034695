# SPDX-License-Identifier: BSD-2-Clause
# Installs the policies and MTA snippets of config/, and the manual pages that
# lie beside what they describe.

# A configuration file that is there already is the administrator's: it stays.
file(GLOB config_files CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/config/*.yaml
     ${PROJECT_SOURCE_DIR}/config/*.cf
     ${PROJECT_SOURCE_DIR}/config/*.mc)
foreach(file ${config_files})
    cmake_path(GET file FILENAME name)
    install(CODE "
        set(installed \"\$ENV{DESTDIR}${BONAFIDE_CONFIG_DIR}/${name}\")
        if(EXISTS \"\${installed}\")
            message(STATUS \"Keeping: \${installed}\")
        else()
            file(INSTALL \"${file}\" DESTINATION \"${BONAFIDE_CONFIG_DIR}\")
        endif()")
endforeach()

foreach(section 1 5 8)
    file(GLOB pages CONFIGURE_DEPENDS
         ${PROJECT_SOURCE_DIR}/config/*.${section}
         ${PROJECT_SOURCE_DIR}/milter/*.${section})
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
