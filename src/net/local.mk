# net/: loop, connections plain and TLS, listener, HTTP; sole owner of libevent and OpenSSL; may include base/.
noinst_LIBRARIES += src/libnet.a
src_libnet_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEVENT_CFLAGS) $(OPENSSL_CFLAGS)
src_libnet_a_SOURCES = \
	src/net/loop.h src/net/loop.c src/net/loop_base.h \
	src/net/addr.h src/net/addr.c \
	src/net/resolve.h src/net/resolve.c \
	src/net/openssl.h \
	src/net/tls.h src/net/tls.c \
	src/net/tls_stream.h src/net/tls_stream.c \
	src/net/conn.h src/net/conn.c src/net/conn_impl.h src/net/conn_open.c src/net/conn_io.c \
	src/net/listener.h src/net/listener.c \
	src/net/network.h src/net/network.c \
	src/net/http.h src/net/http.c src/net/http_impl.h src/net/http_request.c \
	src/net/http_parse.h src/net/http_parse.c
