# net/: loop, connections plain and TLS, listener, HTTP; sole owner of libevent and OpenSSL; may include base/.
noinst_LIBRARIES += src/libnet.a
src_libnet_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEVENT_CFLAGS) $(OPENSSL_CFLAGS)
src_libnet_a_SOURCES = \
	src/net/loop.h \
	src/net/conn.h \
	src/net/tls.h \
	src/net/listener.h \
	src/net/http.h
