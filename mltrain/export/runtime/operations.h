/* The operations in C99, which `mltrain.export.c_text` copies into exported headers.
 *
 * Blocks are separated by empty lines. NAME_ becomes the prefix of the model, XTYPE the type of the input and WTYPE that
 * of the weights (their names are appended to that of the function where they are not float). Lines with SCALE are those
 * of weights that have a scale, lines with PLAIN those of weights that have none.
 */

/* How windows lie over an image of height x width x channels; there are rows x columns of them. */
typedef struct {
    int32_t height, width, channels, rows, columns;
    int32_t window_height, window_width, stride_height, stride_width, top, left;
} NAME_windows;

/* y = x . kernel + bias at each place; kernel is (units, inputs). */
static inline void NAME_matmul(const XTYPE *x, int32_t places, int32_t inputs, int32_t units, const WTYPE *kernel,
                               const float *scale, const float *bias, float *y)
{
    int32_t place, unit, i;
    for (place = 0; place < places; place++, x += inputs) {
        const WTYPE *weights = kernel;
        for (unit = 0; unit < units; unit++, weights += inputs) {
            float sum = 0.0f;
            for (i = 0; i < inputs; i++) {
                sum += (float)weights[i] * (float)x[i];
            }
            *y++ = sum * scale[unit] + bias[unit]; /* SCALE */
            *y++ = sum + bias[unit]; /* PLAIN */
        }
    }
}

/* The weighted sum of one window, with zeros around the image. */
static inline float NAME_window(const XTYPE *x, const NAME_windows *at, int32_t row, int32_t column,
                                const WTYPE *weights)
{
    int32_t i, j, k;
    float sum = 0.0f;
    for (i = 0; i < at->window_height; i++) {
        int32_t down = row * at->stride_height - at->top + i;
        for (j = 0; j < at->window_width; j++, weights += at->channels) {
            int32_t across = column * at->stride_width - at->left + j;
            if (down >= 0 && down < at->height && across >= 0 && across < at->width) {
                const XTYPE *pixel = x + (down * at->width + across) * at->channels;
                for (k = 0; k < at->channels; k++) {
                    sum += (float)weights[k] * (float)pixel[k];
                }
            }
        }
    }
    return sum;
}

/* The weighted sums of all windows; kernel is (filters, height, width, channels). */
static inline void NAME_convolution(const XTYPE *x, const NAME_windows *at, int32_t filters, const WTYPE *kernel,
                                    const float *scale, const float *bias, float *y)
{
    int32_t row, column, filter, length = at->window_height * at->window_width * at->channels;
    for (row = 0; row < at->rows; row++) {
        for (column = 0; column < at->columns; column++) {
            for (filter = 0; filter < filters; filter++) {
                float sum = NAME_window(x, at, row, column, kernel + filter * length);
                *y++ = sum * scale[filter] + bias[filter]; /* SCALE */
                *y++ = sum + bias[filter]; /* PLAIN */
            }
        }
    }
}

/* The largest of the weighted sums in each window over them, which are never in memory together. */
static inline void NAME_pooled_convolution(const XTYPE *x, const NAME_windows *at, const NAME_windows *over,
                                           int32_t filters, const WTYPE *kernel, const float *scale,
                                           const float *bias, float *y)
{
    int32_t row, column, filter, i, j, length = at->window_height * at->window_width * at->channels;
    for (row = 0; row < over->rows; row++) {
        for (column = 0; column < over->columns; column++) {
            for (filter = 0; filter < filters; filter++) {
                float largest = -HUGE_VALF;
                for (i = 0; i < over->window_height; i++) {
                    int32_t down = row * over->stride_height - over->top + i;
                    for (j = 0; j < over->window_width; j++) {
                        int32_t across = column * over->stride_width - over->left + j;
                        if (down >= 0 && down < over->height && across >= 0 && across < over->width) {
                            float sum = NAME_window(x, at, down, across, kernel + filter * length);
                            largest = sum > largest ? sum : largest;
                        }
                    }
                }
                *y++ = largest * scale[filter] + bias[filter]; /* SCALE */
                *y++ = largest + bias[filter]; /* PLAIN */
            }
        }
    }
}

/* The same for each channel by itself, which becomes several; kernel is (channels * several, height, width). */
static inline void NAME_depthwise_convolution(const XTYPE *x, const NAME_windows *at, int32_t outputs,
                                              const WTYPE *kernel, const float *scale, const float *bias, float *y)
{
    int32_t row, column, output, i, j;
    for (row = 0; row < at->rows; row++) {
        for (column = 0; column < at->columns; column++) {
            const WTYPE *weights = kernel;
            for (output = 0; output < outputs; output++) {
                int32_t channel = output * at->channels / outputs;
                float sum = 0.0f;
                for (i = 0; i < at->window_height; i++) {
                    int32_t down = row * at->stride_height - at->top + i;
                    for (j = 0; j < at->window_width; j++, weights++) {
                        int32_t across = column * at->stride_width - at->left + j;
                        if (down >= 0 && down < at->height && across >= 0 && across < at->width) {
                            sum += (float)*weights * (float)x[(down * at->width + across) * at->channels + channel];
                        }
                    }
                }
                *y++ = sum * scale[output] + bias[output]; /* SCALE */
                *y++ = sum + bias[output]; /* PLAIN */
            }
        }
    }
}

/* The largest number of each window, channel by channel. */
static inline void NAME_maximum(const XTYPE *x, const NAME_windows *at, float *y)
{
    int32_t row, column, channel, i, j;
    for (row = 0; row < at->rows; row++) {
        for (column = 0; column < at->columns; column++) {
            for (channel = 0; channel < at->channels; channel++) {
                float largest = -HUGE_VALF;
                for (i = 0; i < at->window_height; i++) {
                    int32_t down = row * at->stride_height - at->top + i;
                    for (j = 0; j < at->window_width; j++) {
                        int32_t across = column * at->stride_width - at->left + j;
                        if (down >= 0 && down < at->height && across >= 0 && across < at->width) {
                            float value = (float)x[(down * at->width + across) * at->channels + channel];
                            largest = value > largest ? value : largest;
                        }
                    }
                }
                *y++ = largest;
            }
        }
    }
}

/* The mean of each window, channel by channel, over what of it is inside of the image. */
static inline void NAME_mean(const XTYPE *x, const NAME_windows *at, float *y)
{
    int32_t row, column, channel, i, j;
    for (row = 0; row < at->rows; row++) {
        for (column = 0; column < at->columns; column++) {
            for (channel = 0; channel < at->channels; channel++) {
                float sum = 0.0f;
                int32_t count = 0;
                for (i = 0; i < at->window_height; i++) {
                    int32_t down = row * at->stride_height - at->top + i;
                    for (j = 0; j < at->window_width; j++) {
                        int32_t across = column * at->stride_width - at->left + j;
                        if (down >= 0 && down < at->height && across >= 0 && across < at->width) {
                            sum += (float)x[(down * at->width + across) * at->channels + channel];
                            count++;
                        }
                    }
                }
                *y++ = sum / (float)count;
            }
        }
    }
}

/* Zeros around an image. */
static inline void NAME_padding(const XTYPE *x, int32_t height, int32_t width, int32_t channels, int32_t above,
                                int32_t below, int32_t left, int32_t right, float *y)
{
    int32_t row, column, channel;
    for (row = -above; row < height + below; row++) {
        for (column = -left; column < width + right; column++) {
            int is_inside = row >= 0 && row < height && column >= 0 && column < width;
            for (channel = 0; channel < channels; channel++) {
                *y++ = is_inside ? (float)x[(row * width + column) * channels + channel] : 0.0f;
            }
        }
    }
}

/* (x - subtract) * multiply + add; each of the three has one number, or one for each place of the last axis. */
static inline void NAME_affine(const XTYPE *x, int32_t count, const float *subtract, int32_t subtracted,
                               const float *multiply, int32_t multiplied, const float *add, int32_t added, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = ((float)x[i] - subtract[i % subtracted]) * multiply[i % multiplied] + add[i % added];
    }
}

/* Mean 0 and variance 1 along the last axis, then gamma and beta. */
static inline void NAME_layer_normalization(const float *x, int32_t places, int32_t width, const float *gamma,
                                            const float *beta, float epsilon, float *y)
{
    int32_t place, i;
    for (place = 0; place < places; place++, x += width, y += width) {
        float mean = 0.0f, variance = 0.0f;
        for (i = 0; i < width; i++) {
            mean += x[i];
        }
        mean /= (float)width;
        for (i = 0; i < width; i++) {
            variance += (x[i] - mean) * (x[i] - mean);
        }
        variance = sqrtf(variance / (float)width + epsilon);
        for (i = 0; i < width; i++) {
            y[i] = (x[i] - mean) / variance * gamma[i] + beta[i];
        }
    }
}

/* Row x[i] of the table; an id that is not in it becomes the nearest one. */
static inline void NAME_embedding(const XTYPE *x, int32_t count, int32_t ids, int32_t width, const WTYPE *kernel,
                                  const float *scale, float *y)
{
    int32_t i, k;
    for (i = 0; i < count; i++) {
        int32_t id = (float)x[i] < 0.0f ? 0 : (float)x[i] >= (float)ids ? ids - 1 : (int32_t)x[i];
        for (k = 0; k < width; k++) {
            *y++ = (float)kernel[id * width + k] * scale[id]; /* SCALE */
            *y++ = (float)kernel[id * width + k]; /* PLAIN */
        }
    }
}

/* Every part of x to its place in y, whose parts are longer. */
static inline void NAME_copy(const XTYPE *x, int32_t parts, int32_t length, int32_t distance, float *y)
{
    int32_t part, i;
    for (part = 0; part < parts; part++, y += distance) {
        for (i = 0; i < length; i++) {
            y[i] = (float)*x++;
        }
    }
}

/* exp(x) / sum(exp(x)) along the last axis. */
static inline void NAME_softmax(const float *x, int32_t places, int32_t width, float *y)
{
    int32_t place, i;
    for (place = 0; place < places; place++, x += width, y += width) {
        float largest = x[0], sum = 0.0f;
        for (i = 1; i < width; i++) {
            largest = x[i] > largest ? x[i] : largest;
        }
        for (i = 0; i < width; i++) {
            y[i] = expf(x[i] - largest);
            sum += y[i];
        }
        for (i = 0; i < width; i++) {
            y[i] /= sum;
        }
    }
}

/* The largest of 0 and x. */
static inline void NAME_relu(const float *x, int32_t count, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = x[i] > 0.0f ? x[i] : 0.0f;
    }
}

/* x above 0, else slope * x. */
static inline void NAME_leaky_relu(const float *x, int32_t count, float slope, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = x[i] > 0.0f ? x[i] : slope * x[i];
    }
}

/* x above 0, else alpha * (exp(x) - 1). */
static inline void NAME_elu(const float *x, int32_t count, float alpha, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = x[i] > 0.0f ? x[i] : alpha * expm1f(x[i]);
    }
}

/* x times the share of a normal distribution below x. */
static inline void NAME_gelu(const float *x, int32_t count, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = x[i] * 0.5f * (1.0f + erff(x[i] * 0.70710678f));
    }
}

/* 1 / (1 + exp(-x)). */
static inline void NAME_sigmoid(const float *x, int32_t count, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = 1.0f / (1.0f + expf(-x[i]));
    }
}

/* The hyperbolic tangent. */
static inline void NAME_tanh(const float *x, int32_t count, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = tanhf(x[i]);
    }
}

/* log(1 + exp(x)). */
static inline void NAME_softplus(const float *x, int32_t count, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = (x[i] > 0.0f ? x[i] : 0.0f) + log1pf(expf(x[i] > 0.0f ? -x[i] : x[i]));
    }
}

/* 1 above 0, else 0. */
static inline void NAME_step(const float *x, int32_t count, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = x[i] > 0.0f ? 1.0f : 0.0f;
    }
}

/* The cosine of x in radians. */
static inline void NAME_cos(const float *x, int32_t count, float *y)
{
    int32_t i;
    for (i = 0; i < count; i++) {
        y[i] = cosf(x[i]);
    }
}

/* A day and a time; year 0 stands for a missing date. */
typedef struct {
    int year, month, day, hour, minute, second;
} NAME_date;

/* Days from 1970-01-01 to the day of a calendar. */
static inline int32_t NAME_days(int32_t year, int32_t month, int32_t day)
{
    int32_t era, years, days;
    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    years = year - era * 400;
    days = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + years * 365 + years / 4 - years / 100 + days - 719468;
}

/* Sine and cosine of a part of a full turn. */
static inline void NAME_turn(float turn, float *sine_and_cosine)
{
    sine_and_cosine[0] = sinf(6.2831853f * turn);
    sine_and_cosine[1] = cosf(6.2831853f * turn);
}

/* The words that are inputs, as codes of their letters in ascending order, and the class of each code point. Flags of a
 * class: 1 letter, 2 digit, 4 apostrophe, 8 sign, 16 may be of a number, 32 ends a word, 64 cased, 128 ignored. */
typedef struct {
    const uint32_t *starts;
    const uint16_t *classes;
    const uint8_t *flags;
    const uint16_t *codes;
    int32_t ranges;
    uint16_t capital_sigma, final_sigma;
    const uint16_t *numbers;
    const uint32_t *offsets;
    const uint16_t *letters;
    const uint16_t *inputs;
    int32_t words;
} NAME_vocabulary;

/* The code point at a text of UTF-8, which moves behind it; 0 at its end. */
static inline uint32_t NAME_character(const char **text)
{
    const unsigned char *byte = (const unsigned char *)*text;
    uint32_t code = *byte;
    int more = code >= 0xF0 ? 3 : code >= 0xE0 ? 2 : code >= 0xC0 ? 1 : 0;
    if (code != 0) {
        byte++;
    }
    if (more) {
        code &= 0x3FU >> more;
    }
    for (; more && (*byte & 0xC0) == 0x80; more--) {
        code = code << 6 | (*byte++ & 0x3FU);
    }
    *text = (const char *)byte;
    return code;
}

/* The class of the character at a text, which moves behind it. */
static inline uint16_t NAME_class_at(const NAME_vocabulary *known, const char **text)
{
    uint32_t code = NAME_character(text);
    int32_t low = 0, high = known->ranges;
    while (high - low > 1) {
        int32_t middle = (low + high) / 2;
        if (known->starts[middle] <= code) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return known->classes[low];
}

/* Whether the next letter of a text, behind characters that are ignored, is neither capital nor small. */
static inline int NAME_is_last(const NAME_vocabulary *known, const char *text)
{
    int flags;
    do {
        flags = known->flags[NAME_class_at(known, &text)];
    } while (flags & 128);
    return !(flags & 64);
}

/* The first of the words from low on, or high, whose letter at a place has no lower code. */
static inline int32_t NAME_first_word(const NAME_vocabulary *known, int32_t low, int32_t high, uint32_t place, int code)
{
    while (low < high) {
        int32_t middle = (low + high) / 2;
        uint32_t letter = known->offsets[middle] + place;
        if (letter < known->offsets[middle + 1] && known->letters[letter] >= code) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Add 1 for each word of a text of UTF-8 to the count of the word. */
static inline void NAME_count_words(const NAME_vocabulary *known, const char *text, float *counts)
{
    int32_t low = 0, high = 0; /* the words that begin as this one does */
    uint32_t length = 0, digits = 0;
    int kind = 0, has_apostrophe = 0, is_cased = 0;
    for (;;) {
        const char *rest = text, *next;
        uint16_t found = NAME_class_at(known, &rest);
        int flags, code, own;
        if (found && found == known->capital_sigma && is_cased && NAME_is_last(known, rest)) {
            found = known->final_sigma;
        }
        flags = known->flags[found];
        code = known->codes[found];
        own = flags & 15;
        if (own == 4) {
            next = rest;
            has_apostrophe = kind == 1 && !has_apostrophe && (known->flags[NAME_class_at(known, &next)] & 1);
            own = has_apostrophe;
        }
        if (own != kind || own == 8) { /* the word is over */
            if (length && digits == length) {
                code = known->numbers[length < 9 ? length : 9];
                low = NAME_first_word(known, 0, known->words, 0, code);
                high = NAME_first_word(known, low, known->words, 0, code + 1);
                code = known->codes[found];
                length = 1;
            }
            if (low < high && known->offsets[low + 1] - known->offsets[low] == length) {
                counts[known->inputs[low]] += 1.0f;
            }
            low = 0;
            high = known->words;
            length = digits = 0;
            has_apostrophe = 0;
        }
        if (rest == text) {
            return;
        }
        if (own) {
            low = NAME_first_word(known, low, high, length, code);
            high = NAME_first_word(known, low, high, length, code + 1);
            length++;
            digits += (flags & 16) != 0;
        }
        kind = flags & 32 ? -1 : own;
        is_cased = flags & 128 ? is_cased : flags & 64;
        text = rest;
    }
}

/* From counts of words to tf-idf, of one length for all texts. */
static inline void NAME_tf_idf(const float *weights, int32_t words, float length, float *x)
{
    int32_t i;
    float sum = 0.0f;
    for (i = 0; i < words; i++) {
        x[i] = x[i] > 0.0f ? (1.0f + logf(x[i])) * weights[i] : 0.0f;
        sum += x[i] * x[i];
    }
    for (i = 0; i < words && sum > 0.0f; i++) {
        x[i] *= length / sqrtf(sum);
    }
}

/* Whether a text, without the blanks around it, is another one. */
static inline int NAME_is_text(const char *text, const char *other)
{
    while (*text == ' ' || (*text >= '\t' && *text <= '\r')) {
        text++;
    }
    for (; *other && *text == *other; text++) {
        other++;
    }
    while (*text == ' ' || (*text >= '\t' && *text <= '\r')) {
        text++;
    }
    return *other == 0 && *text == 0;
}
