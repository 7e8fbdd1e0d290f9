from typing import Any

from django.conf import settings
from django.views.generic import ListView, TemplateView

from accounts.models import Device
from epg.models import Show


class GuideView(TemplateView):
    """The guide's page; its script asks the API for everything else."""

    template_name = "web/guide.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # The data is made up, so the page may sign anybody in: the first device there is.
        device = Device.objects.order_by("pk").first()
        return super().get_context_data(device=device, day=settings.SITE_DAY, **kwargs)


class ShowListView(ListView):
    queryset = Show.objects.order_by("title", "pk")
    template_name = "web/shows.html"
    context_object_name = "shows"
    paginate_by = 24
