from stage.spells import burn


class Slow:
    """Takes its time for some requests, in its own code."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "middleware" in request.GET:
            burn()
        return self.get_response(request)
