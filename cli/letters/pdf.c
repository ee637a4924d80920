/* Letters as a PDF: pdf.h. Lengths are in points, 72 an inch. */
#include "cli/letters/pdf.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MM (72 / 25.4)

enum { LANGS_MAX = 8, LINE = 512, TEXT = 2048 };

struct tp_letter_pdf {
    cairo_surface_t *surface;
    cairo_t *cr;
    const char *title, *url;
    const char *const *langs;
    bool specimen, english; /* english: there is no text in any other language of the election */
};

/* What the letter says, by language: a heading, what to do, and what the code is for. */
static const struct {
    const char *lang, *text;
} instructions[] = {
    {"en",
     "Your code to enrol for voting online\n\n"
     "1. Open %s and give your voter's number and birth date, or scan the square.\n"
     "2. Choose \342\200\234I have a code letter\342\200\235 and type the code.\n"
     "3. Your device then shows you a recovery code. Keep that: you vote with it.\n\n"
     "The code works once. Nobody will ask you for it by phone or message. If this letter was "
     "open when it came, or is not for you, give it back to your post. A new letter makes "
     "this one void."},
    {"fil", "Ang iyong code para magpatala sa pagboto online\n\n"
            "1. Buksan ang %s at ibigay ang iyong numero ng botante at petsa ng kapanganakan, o "
            "i-scan ang parisukat.\n"
            "2. Piliin ang \342\200\234May liham ako na may code\342\200\235 at i-type ang code.\n"
            "3. Ipakikita ng iyong device ang isang recovery code. Itago ito: ito ang gagamitin mo "
            "sa pagboto.\n\n"
            "Isang beses lamang gagana ang code. Walang hihingi nito sa telepono o mensahe. Kung "
            "bukas na ang liham na ito nang dumating, o hindi para sa iyo, ibalik ito sa iyong "
            "post. Pinawawalang-bisa ng bagong liham ang liham na ito."},
};

static const char *text_in(const char *lang) {
    for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++)
        if (!strcmp(instructions[i].lang, lang)) return instructions[i].text;
    return NULL;
}

/* Draws the text in a column; returns the y below it. */
static double put(tp_letter_pdf *p, double x, double y, double width, const char *font,
                  const char *text) {
    PangoLayout *layout = pango_cairo_create_layout(p->cr);
    PangoFontDescription *description = pango_font_description_from_string(font);
    int height;
    pango_layout_set_font_description(layout, description);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_text(layout, text, -1);
    pango_layout_get_size(layout, NULL, &height);
    cairo_move_to(p->cr, x, y);
    pango_cairo_show_layout(p->cr, layout);
    pango_font_description_free(description);
    g_object_unref(layout);
    return y + (double)height / PANGO_SCALE;
}

static void put_square(tp_letter_pdf *p, double x, double y, double size, const char *text) {
    QRcode *qr = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (!qr) abort(); /* a link of this length fits */
    double one = size / qr->width;
    for (int row = 0; row < qr->width; row++)
        for (int column = 0; column < qr->width; column++)
            if (qr->data[row * qr->width + column] & 1)
                cairo_rectangle(p->cr, x + column * one, y + row * one, one, one);
    cairo_fill(p->cr);
    QRcode_free(qr);
}

tp_letter_pdf *tp_letter_pdf_begin(const char *path, const char *title, const char *url,
                                   const char *const *langs, bool specimen) {
    tp_letter_pdf *p = calloc(1, sizeof *p);
    if (!p) abort();
    *p = (tp_letter_pdf){
        .title = title, .url = url, .langs = langs, .specimen = specimen, .english = true};
    for (size_t i = 0; langs[i]; i++)
        p->english = p->english && !text_in(langs[i]);
    p->surface = cairo_pdf_surface_create(path, 210 * MM, 297 * MM);
    p->cr = cairo_create(p->surface);
    if (cairo_status(p->cr) == CAIRO_STATUS_SUCCESS) return p;
    (void)tp_letter_pdf_end(p);
    return NULL;
}

/* In the window of an envelope, 85 mm wide and 35 mm high: smaller if the lines are many or long.
 */
static void put_address(tp_letter_pdf *p, const tp_letter_page *page) {
    char text[1024];
    bool own = *page->address != 0;
    size_t lines = 1, longest = strlen(page->name), len = 0;
    snprintf(text, sizeof text, "%s\n%s%s%s", page->name, own ? page->address : page->post,
             own ? "" : "\n", own ? "" : page->country);
    for (const char *c = text; *c; c++) {
        len = *c == '\n' ? 0 : len + 1;
        lines += *c == '\n';
        if (len > longest) longest = len;
    }
    (void)put(p, 20 * MM, 55 * MM, 85 * MM,
              lines > 5 || longest > 36 ? "DejaVu Sans 8.5" : "DejaVu Sans 11", text);
}

/* The instructions in a language; returns the y below them. */
static double put_text(tp_letter_pdf *p, double y, const char *lang) {
    char text[TEXT];
    const char *format = text_in(lang), *at = format ? strstr(format, "%s") : NULL;
    if (!at) return y;
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - format), format, p->url, at + 2);
    return put(p, 20 * MM, y, 170 * MM, "DejaVu Sans 9.5", text) + 7 * MM;
}

static void put_specimen(tp_letter_pdf *p) {
    cairo_save(p->cr);
    cairo_set_source_rgba(p->cr, 0.7, 0, 0, 0.25);
    cairo_translate(p->cr, 30 * MM, 235 * MM);
    cairo_rotate(p->cr, -0.9);
    (void)put(p, 0, 0, 260 * MM, "DejaVu Sans Bold 88", "SPECIMEN");
    cairo_restore(p->cr);
}

void tp_letter_pdf_add(tp_letter_pdf *p, const tp_letter_page *page) {
    char line[LINE];
    double y = 112 * MM;
    snprintf(line, sizeof line, "%s \302\267 %s", p->title, page->post);
    (void)put(p, 20 * MM, 45 * MM, 85 * MM, "DejaVu Sans 6.5", line);
    put_address(p, page);
    snprintf(line, sizeof line, "%s\n%s", p->title, page->number);
    (void)put(p, 125 * MM, 45 * MM, 65 * MM, "DejaVu Sans 9", line);
    y = put(p, 20 * MM, y, 120 * MM, "DejaVu Sans Mono Bold 16", page->code) + 8 * MM;
    put_square(p, 150 * MM, 102 * MM, 40 * MM, page->link);
    if (y < 150 * MM) y = 150 * MM;
    if (p->english) (void)put_text(p, y, "en");
    for (size_t i = 0; p->langs[i]; i++)
        y = put_text(p, y, p->langs[i]);
    if (p->specimen) put_specimen(p);
    cairo_show_page(p->cr);
}

bool tp_letter_pdf_end(tp_letter_pdf *p) {
    cairo_destroy(p->cr);
    cairo_surface_finish(p->surface);
    bool whole = cairo_surface_status(p->surface) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(p->surface);
    free(p);
    return whole;
}
