# session/: the SMPP session as a state machine without I/O; may include base and smpp.
noinst_LIBRARIES += src/libsession.a
src_libsession_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libsession_a_SOURCES = src/session/session.h
