noinst_LIBRARIES += src/libsimulator.a
src_libsimulator_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libsimulator_a_SOURCES =
