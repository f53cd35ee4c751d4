#include "unit/daemon/tls-peer.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "lib/test.h"

struct TlsPeer {
        struct MHD_Daemon *daemon;
        char *key, *certificate;
        char host[32], bundle[64];
};

static char *pem_of(BIO *bio) {
        char *data, *copy;
        long size = BIO_get_mem_data(bio, &data);

        copy = alloc_copy_bytes(data, (size_t) size);
        EXPECT(copy);
        (void) BIO_free(bio);
        return copy;
}

void tls_certificate_make(const char *san, long seconds_left, char **ret_certificate, char **ret_key) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *certificate = X509_new();
        BIO *key_bio = BIO_new(BIO_s_mem()), *certificate_bio = BIO_new(BIO_s_mem());
        X509_EXTENSION *extension =
                        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san ? san : "IP:127.0.0.1");
        X509_NAME *name;

        EXPECT(key && certificate && key_bio && certificate_bio && extension);
        EXPECT_INT(X509_set_version(certificate, X509_VERSION_3), 1);
        EXPECT_INT(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
        EXPECT(X509_gmtime_adj(X509_getm_notBefore(certificate), -7200));
        EXPECT(X509_gmtime_adj(X509_getm_notAfter(certificate), seconds_left));
        name = X509_get_subject_name(certificate);
        EXPECT_INT(X509_NAME_add_entry_by_txt(
                                   name, "CN", MBSTRING_ASC, (const unsigned char *) "test", -1, -1, 0),
                        1);
        EXPECT_INT(X509_set_issuer_name(certificate, name), 1);
        EXPECT_INT(X509_add_ext(certificate, extension, -1), 1);
        EXPECT_INT(X509_set_pubkey(certificate, key), 1);
        EXPECT(X509_sign(certificate, key, EVP_sha256()) > 0);
        EXPECT_INT(PEM_write_bio_X509(certificate_bio, certificate), 1);
        EXPECT_INT(PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL), 1);
        *ret_certificate = pem_of(certificate_bio);
        *ret_key = pem_of(key_bio);
        X509_EXTENSION_free(extension);
        X509_free(certificate);
        EVP_PKEY_free(key);
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection, const char *url,
                const char *method, const char *version, const char *data, size_t *size, void **state) {
        static char ok[] = "ok";
        struct MHD_Response *response =
                        MHD_create_response_from_buffer(strlen(ok), ok, MHD_RESPMEM_PERSISTENT);
        enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);

        MHD_destroy_response(response);
        return result;
}

TlsPeer *tls_peer_new(const char *san, long seconds_left, const char *priorities) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        TlsPeer *p = alloc_one(TlsPeer);
        int fd;

        EXPECT(p);
        tls_certificate_make(san, seconds_left, &p->certificate, &p->key);
        p->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL,
                        on_request, NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_HTTPS_MEM_KEY, p->key,
                        MHD_OPTION_HTTPS_MEM_CERT, p->certificate, MHD_OPTION_HTTPS_PRIORITIES,
                        priorities ? priorities : "NORMAL", MHD_OPTION_END);
        EXPECT(p->daemon);
        (void) snprintf(p->host, sizeof(p->host), "127.0.0.1:%u",
                        MHD_get_daemon_info(p->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
        (void) snprintf(p->bundle, sizeof(p->bundle), "/tmp/canaryd-bundle-XXXXXX");
        fd = mkstemp(p->bundle);
        EXPECT_OK(fd);
        EXPECT_INT(write(fd, p->certificate, strlen(p->certificate)), strlen(p->certificate));
        (void) fd_close(fd);
        return p;
}

TlsPeer *tls_peer_free(TlsPeer *p) {
        if (!p)
                return NULL;
        MHD_stop_daemon(p->daemon);
        (void) unlink(p->bundle);
        free(p->key);
        free(p->certificate);
        free(p);
        return NULL;
}

const char *tls_peer_host(const TlsPeer *p) {
        return p->host;
}

const char *tls_peer_bundle(const TlsPeer *p) {
        return p->bundle;
}
